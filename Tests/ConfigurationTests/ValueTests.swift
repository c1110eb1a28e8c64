import Configuration
import Foundation
import TestSupport
import Testing

@Suite("Configuration values")
struct ValueTests {
  private func load(_ texts: String...) throws(ConfigurationError) -> LoadedConfiguration {
    var loaded = LoadedConfiguration()
    for (index, text) in texts.enumerated() {
      try loaded.add(ConfigurationFile(parsing: Array(text.utf8), path: "file\(index)"))
    }
    return loaded
  }

  private func refusal(_ section: String, _ assignment: String) -> String? {
    do throws(ConfigurationError) {
      _ = try load("[\(section)]\n\(assignment)")
      return nil
    } catch { return "\(error)" }
  }

  @Test("Without any file, the defaults are in force")
  func defaults() throws {
    let loaded = try load()
    #expect(loaded.configuration == DeviceConfiguration())
    for key in ConfigurationKey.all { #expect(loaded.place(of: key) == nil) }
  }

  /// A value of each key that is not its default.
  private static let others = [
    "Device.Product": "thermo stat", "Device.Root": "/mnt/top", "Trust.Keys": "/usr/lib/k",
    "Trust.Threshold": "2", "Boot.Backend": "default-subvolume", "Boot.Tries": "7",
    "Boot.Directory": "/efi", "Boot.EntryToken": "a-b_c.1", "Boot.GrubEnvironment": "/efi/env",
    "Boot.CommandLine": "root=LABEL=x quiet", "Boot.Kernel": "boot/k", "Boot.Initrd": "none",
    "Boot.Title": "A Kiosk",
    "Boot.UBootConfiguration": "/etc/fw", "Boot.UBootTools": "/opt/bin",
    "Boot.Script": "/usr/lib/x/boot",
    "Boot.ScriptCounts": "no", "Boot.ScriptTimeLimit": "2min",
    "Update.Persist": "etc/hostname \"a \\\"b\\\\\"", "Update.KeepVersions": "5",
    "Update.PruneBeforeApply": "yes", "Update.MinimumFree": "3M", "Update.MaximumMemory": "1G",
    "FactoryReset.Subvolumes": "home @data", "FactoryReset.Persist": "etc/id",
    "Hooks.TimeLimit": "90s", "Health.TimeLimit": "2min", "Health.TotalTimeLimit": "1h",
    "Health.Action": "rollback", "USB.Labels": "A B", "USB.FileSystems": "ext4",
    "USB.Activate": "no", "USB.Reboot": "yes",
  ]

  @Test("Each key takes a value, shows it as it was written, and knows where it was")
  func everyKey() throws {
    #expect(Self.others.count == ConfigurationKey.all.count)
    for key in ConfigurationKey.all {
      let value = try #require(Self.others["\(key.section).\(key.name)"])
      let loaded = try load("[\(key.section)]\n\(key.name)=\(value)")
      #expect(loaded.configuration != DeviceConfiguration(), "\(key.name)")
      #expect(key.value(in: loaded.configuration) == value)
      #expect(loaded.place(of: key) == ConfigurationPlace(file: "file0", line: 2))
      #expect(loaded.warnings.isEmpty)
      // Nothing else has changed.
      for other in ConfigurationKey.all
      where (other.section, other.name) != (key.section, key.name) {
        #expect(
          other.value(in: loaded.configuration) == other.value(in: DeviceConfiguration()))
      }
    }
  }

  @Test("What is shown reads back as the same")
  func roundTrip() throws {
    let texts = Self.others.map { id, value in
      let parts = id.split(separator: ".")
      return "[\(parts[0])]\n\(parts[1])=\(value)\n"
    }
    let loaded = try load(texts.joined())
    let shown = ConfigurationKey.all.map {
      "[\($0.section)]\n\($0.name)=\($0.value(in: loaded.configuration))\n"
    }
    #expect(try load(shown.joined()).configuration == loaded.configuration)
  }

  @Test("The last assignment wins, and an empty one brings the default back")
  func overriding() throws {
    #expect(try load("[Boot]\nTries=5\nTries=6").configuration.boot.tries == 6)
    #expect(try load("[Boot]\nTries=5", "[Boot]\nTries=9").configuration.boot.tries == 9)
    let reset = try load("[Boot]\nTries=5", "[Boot]\nTries=")
    #expect(reset.configuration.boot.tries == 3)
    let tries = try #require(ConfigurationKey.all.first { $0.name == "Tries" })
    #expect(reset.place(of: tries) == nil)
    #expect(try load("[Device]\nProduct=a\nProduct=").configuration.device.name == nil)
  }

  @Test("Lists grow, the first assignment replaces the default, an empty one empties them")
  func lists() throws {
    func labels(_ texts: String...) throws -> [String] {
      var loaded = LoadedConfiguration()
      for text in texts {
        try loaded.add(ConfigurationFile(parsing: Array("[USB]\n\(text)".utf8), path: "f"))
      }
      return loaded.configuration.usb.labels
    }
    #expect(try labels() == ["BTRFSUPDATE"])
    #expect(try labels("Labels=A B", "Labels=C") == ["A", "B", "C"])
    #expect(try labels("Labels=A", "Labels=\nLabels=B") == ["B"])
    #expect(try labels("Labels=") == [])
    #expect(try labels("Labels=\nLabels=D") == ["D"])
  }

  @Test("An unknown key or section is a warning that names its place")
  func unknown() throws {
    let loaded = try load("[Boot]\nTries=4\nSpeed=9\n[Future]\nX=1\n[boot]\nTries=8")
    #expect(loaded.configuration.boot.tries == 4)
    #expect(loaded.warnings.map(\.place.line) == [3, 5, 7])
    #expect("\(loaded.warnings[0])" == "file0:3: unknown key Speed of [Boot]: it is ignored")
  }

  @Test(
    "A value that its key does not take is an error that names file and line",
    arguments: [
      ("Boot", "Tries=0"), ("Boot", "Tries=100"), ("Boot", "Tries=+3"), ("Boot", "Tries= 3 4"),
      ("Boot", "Tries=99999999999999999999"), ("Boot", "Backend=GRUB"),
      ("Boot", "EntryToken=a/b"), ("Boot", "EntryToken=.a"), ("Boot", "EntryToken=Kiosk"),
      ("Boot", "EntryToken=-a"), ("Boot", "EntryToken=_a"),
      ("Boot", "EntryToken=" + String(repeating: "a", count: 65)),
      ("Boot", "Title=" + String(repeating: "ä", count: 33)),
      ("Boot", "CommandLine=" + String(repeating: "x", count: 1901)),
      ("Boot", "Kernel=boot/../k"), ("Boot", "Directory=/"), ("Trust", "Keys=keys"),
      ("Trust", "Keys=/a/../b"), ("Trust", "Keys=/a//b"), ("Trust", "Keys=/"),
      ("Update", "Persist=a/../../etc/shadow"), ("Update", "Persist=."),
      ("Update", "Persist=\"a"), ("Update", "Persist=a\"b\""), ("Update", "Persist=a\\b"),
      ("Update", "Persist=\"a\"b"), ("Update", "Persist=\"\""), ("Update", "MinimumFree=1X"),
      ("Update", "MinimumFree=K"), ("Update", "MinimumFree=16777216T"),
      ("Update", "MinimumFree=-1"), ("Update", "PruneBeforeApply=maybe"),
      ("Hooks", "TimeLimit=0"), ("Hooks", "TimeLimit=25h"), ("Hooks", "TimeLimit=1 min"),
      ("Hooks", "TimeLimit=9223372036854775807h"), ("Hooks", "TimeLimit=s"),
      ("FactoryReset", "Subvolumes=home data/x"), ("FactoryReset", "Subvolumes=/home"),
      ("FactoryReset", "Subvolumes=sys_root_last"), ("FactoryReset", "Subvolumes=.btrfs-update"),
      ("FactoryReset", "Subvolumes=.."), ("Boot", "ScriptCounts=maybe"),
      ("Boot", "ScriptTimeLimit=0"), ("Health", "Action=explode"), ("USB", "Labels=a%b"),
      ("USB", "FileSystems=../x"),
      ("Device", "Product=" + String(repeating: "x", count: 256)),
    ])
  func wrongValue(_ section: String, _ assignment: String) throws {
    let text = try #require(refusal(section, assignment))
    #expect(text.hasPrefix("file0:2: "), "\(text)")
  }

  @Test(
    "Times and sizes have units",
    arguments: [
      ("Hooks", "TimeLimit", "90", "90s"), ("Hooks", "TimeLimit", "120", "2min"),
      ("Hooks", "TimeLimit", "60min", "1h"), ("Hooks", "TimeLimit", "24h", "24h"),
      ("Update", "MinimumFree", "0", "0"), ("Update", "MinimumFree", "1536K", "1536K"),
      ("Update", "MinimumFree", "1024", "1K"), ("Update", "MinimumFree", "16777215T", "16777215T"),
    ])
  func units(_ section: String, _ key: String, _ given: String, _ shown: String) throws {
    let loaded = try load("[\(section)]\n\(key)=\(given)")
    let found = ConfigurationKey.all.first { $0.section == section && $0.name == key }
    #expect(try #require(found).value(in: loaded.configuration) == shown)
  }

  @Test("The manual has every key with its default and what it takes, and no other")
  func manual() throws {
    let path = TestImages.directory.appending(path: "../docs/configuration.md")
    let rows = try String(contentsOf: path, encoding: .utf8)
      .matches(of: #/\n\| `\[(\w+)\]` \| `(\w+)` \| (?:`([^`]*)`|—) \| [^|]+ \|(?=\n)/#)
      .map { "\($0.1).\($0.2)=\($0.3 ?? "")" }
    let keys = ConfigurationKey.all.map {
      "\($0.section).\($0.name)=\($0.value(in: DeviceConfiguration()))"
    }
    #expect(rows == keys)
  }
}
