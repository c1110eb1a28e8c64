/// How many cuts left what.
struct Statistics {
  struct Row {
    var (cuts, old, between, new, recovered, again, failed) = (0, 0, 0, 0, 0, 0, 0)

    mutating func add(_ verdict: Verdict) {
      switch verdict.end {
      case .old: old += 1
      case .between: between += 1
      case .new: new += 1
      }
      if verdict.neededRecovery { recovered += 1 }
      if verdict.wasCutAgain { again += 1 }
    }
  }

  private(set) var rows: [String: Row] = [:]
  private(set) var order: [String] = []

  var cuts: Int { rows.values.reduce(0) { $0 + $1.cuts } }
  var failures: Int { rows.values.reduce(0) { $0 + $1.failed } }

  /// - Parameter verdict: `nil` for a failure.
  mutating func add(_ verdict: Verdict?, of operation: String) {
    if rows[operation] == nil { order.append(operation) }
    rows[operation, default: Row()].cuts += 1
    if let verdict {
      rows[operation]?.add(verdict)
    } else {
      rows[operation]?.failed += 1
    }
  }

  var table: String {
    let header = ["operation", "cuts", "old", "between", "new", "recovered", "cut again", "failed"]
    var lines = [header]
    var sum = [0, 0, 0, 0, 0, 0, 0]
    for name in order.sorted() {
      guard let row = rows[name] else { continue }
      let numbers = [
        row.cuts, row.old, row.between, row.new, row.recovered, row.again, row.failed,
      ]
      for index in sum.indices { sum[index] += numbers[index] }
      lines.append([name] + numbers.map(String.init))
    }
    lines.append(["all"] + sum.map(String.init))
    return lines.map { line in
      line.enumerated().map { column, text in
        let gap = String(repeating: " ", count: max(1, (column == 0 ? 20 : 10) - text.count))
        return column == 0 ? text + gap : gap + text
      }.joined()
    }.joined(separator: "\n")
  }
}
