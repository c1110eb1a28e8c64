// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
]

func program(_ name: String) -> Target {
  .executableTarget(
    name: name,
    dependencies: [
      "BenchmarkFiles",
      .product(name: "BinaryDiff", package: "btrfs-delta"),
      .product(name: "BinaryPatch", package: "btrfs-delta"),
      .product(name: "Bytes", package: "btrfs-delta"),
      .product(name: "Linux", package: "btrfs-delta"),
    ],
    swiftSettings: settings)
}

// Measuring programs. Apart from the main package: nothing there needs them.
let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "btrfs-delta", path: "../..")],
  targets: [
    .target(name: "BenchmarkFiles", swiftSettings: settings),
    program("delta-benchmark"), program("modules-benchmark"),
  ]
)
