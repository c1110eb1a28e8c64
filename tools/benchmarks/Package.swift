// swift-tools-version: 6.3
import PackageDescription

// Measuring programs. Apart from the main package: nothing there needs them.
let package = Package(
  name: "benchmarks",
  dependencies: [.package(name: "btrfs-delta", path: "../..")],
  targets: [
    .executableTarget(
      name: "delta-benchmark",
      dependencies: [
        .product(name: "BinaryDiff", package: "btrfs-delta"),
        .product(name: "BinaryPatch", package: "btrfs-delta"),
        .product(name: "Bytes", package: "btrfs-delta"),
      ],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
      ]),
    .executableTarget(
      name: "modules-benchmark",
      dependencies: [
        .product(name: "BinaryDiff", package: "btrfs-delta"),
        .product(name: "BinaryPatch", package: "btrfs-delta"),
        .product(name: "Bytes", package: "btrfs-delta"),
      ],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
      ]),
  ]
)
