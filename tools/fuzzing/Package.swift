// swift-tools-version: 6.3
import PackageDescription

// Mutates what programs of others may have made. Apart from the main package: nothing there needs it.
let package = Package(
  name: "fuzzing",
  dependencies: [.package(name: "btrfs-delta", path: "../..")],
  targets: [
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "fuzz",
      dependencies: ["CFuzzer"]
        + [
          "Archive", "BinaryDiff", "BinaryPatch", "Bytes", "DeltaStream", "Linux", "Receive",
          "Recompress", "SendStream", "Tree", "UpdateFile", "XZ", "Zstd",
        ].map { .product(name: $0, package: "btrfs-delta") },
      swiftSettings: [
        .swiftLanguageMode(.v6), .strictMemorySafety(), .treatAllWarnings(as: .error),
        .enableUpcomingFeature("InternalImportsByDefault"),
      ]),
  ]
)
