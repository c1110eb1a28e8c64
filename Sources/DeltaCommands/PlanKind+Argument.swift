public import ArgumentParser
public import UpdateBuilder

extension BuildOptions.PlanKind: ExpressibleByArgument {}
