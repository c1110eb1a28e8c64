// swift-tools-version: 6.3
import PackageDescription

// The power-cut harness: see ../powercut. Apart from the main package: nothing there needs it.
let package = Package(
  name: "power-cuts",
  dependencies: [.package(name: "btrfs-delta", path: "../..")],
  targets: [
    .executableTarget(
      name: "power-cuts",
      dependencies: [
        .product(name: "Btrfs", package: "btrfs-delta"),
        .product(name: "Linux", package: "btrfs-delta"),
        .product(name: "Tree", package: "btrfs-delta"),
      ],
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
      ])
  ]
)
