// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
]

func library(_ name: String) -> Target.Dependency { .product(name: name, package: "btrfs-delta") }

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let delta = ["BenchmarkFiles", library("BinaryDiff"), library("BinaryPatch"), library("Bytes")]

// Measuring programs. Apart from the main package: nothing there needs them.
let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "btrfs-delta", path: "../..")],
  targets: [
    .target(name: "BenchmarkFiles", swiftSettings: settings),
    program("delta-benchmark", delta), program("modules-benchmark", delta),
    program("recompress-benchmark", [library("Bytes"), library("Recompress")]),
  ]
)
