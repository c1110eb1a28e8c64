import Testing

@testable import UpdateBuilder

@Suite("Where updates are cut")
struct CutRuleTests {
  @Test("There is a cut where there is much to do again, and enough that it does not cost")
  func due() {
    let rule = CutRule(least: 64 << 20, streamLength: 1 << 30)
    #expect(!rule.isDue(plainLength: 64 << 20 - 1, deltaLength: 64 << 20))
    #expect(rule.isDue(plainLength: 64 << 20, deltaLength: 4 << 20))
    #expect(!rule.isDue(plainLength: 64 << 20, deltaLength: 4 << 20 - 1))
    #expect(!rule.isDue(plainLength: 512 << 20 - 1, deltaLength: 1 << 20))
    #expect(rule.isDue(plainLength: 512 << 20, deltaLength: 1 << 20))
    #expect(!rule.isDue(plainLength: 512 << 20, deltaLength: 1 << 20 - 1))
  }

  @Test("However long a stream is, there are not too many sections", arguments: [0, 1, 64 << 20])
  func limit(least: UInt64) {
    let length: UInt64 = 1 << 50
    let rule = CutRule(least: least, streamLength: length)
    #expect(!rule.isDue(plainLength: length / 1023, deltaLength: .max))
    #expect(rule.isDue(plainLength: length / 512, deltaLength: .max))
    #expect(!CutRule(least: least, streamLength: 0).isDue(plainLength: .max, deltaLength: 0))
  }
}
