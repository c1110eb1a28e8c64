extension FileLayout {
  /// Goes through the regions in the order of the file, each before those inside it.
  ///
  /// - Parameter body: is told a region, and where in this layout's view what comes out of it begins. It
  ///   may change the region; who empties ``Region/inner`` is not told of what was there.
  /// - Returns: the layout as changed.
  @discardableResult
  public func visitingRegions(_ body: (inout Region, _ start: UInt64) -> Void) -> FileLayout {
    FileLayout(length: length, regions: Self.visiting(regions, at: 0, body))
  }

  /// - Parameter start: where in the view what holds the regions begins.
  private static func visiting(
    _ regions: [Region], at start: UInt64, _ body: (inout Region, UInt64) -> Void
  ) -> [Region] {
    var visited: [Region] = []
    var (offset, end) = (start, UInt64(0))
    for var region in regions {
      offset &+= region.offset &- end
      end = region.end
      let length = region.viewLength
      body(&region, offset)
      region.inner = visiting(region.inner, at: offset, body)
      offset &+= length
      visited.append(region)
    }
    return visited
  }
}
