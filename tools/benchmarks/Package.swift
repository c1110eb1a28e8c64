// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
]

func program(_ name: String, _ dependencies: [Target.Dependency] = [], _ products: String...)
  -> Target
{
  .executableTarget(
    name: name,
    dependencies: dependencies + products.map { .product(name: $0, package: "btrfs-delta") },
    swiftSettings: settings)
}

// Measuring programs. Apart from the main package: nothing there needs them.
let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "btrfs-delta", path: "../..")],
  targets: [
    .target(name: "BenchmarkFiles", swiftSettings: settings),
    program("delta-benchmark", ["BenchmarkFiles"], "BinaryDiff", "BinaryPatch", "Bytes", "Linux"),
    program("modules-benchmark", ["BenchmarkFiles"], "BinaryDiff", "BinaryPatch", "Bytes", "Linux"),
    program("receive-benchmark", [], "Btrfs", "Bytes", "Linux", "Receive", "SendStream"),
    program("recompress-benchmark", [], "Bytes", "Recompress"),
  ]
)
