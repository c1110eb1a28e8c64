internal import BinaryPatch
internal import Bytes

/// Makes patches that predict the fields of executables.
struct ProjectedPatch {
  private let old: MaskedFile
  private let new: MaskedFile
  /// Of old, in their order.
  private let fields: [Field]
  /// What follows old.
  private let names: RecodedNames?

  /// The patch that makes `new` of `old`; `nil` when predicting does not help, or cannot be done.
  ///
  /// - Parameter mayShare: Whether it may use what other patches teach.
  /// - Returns: Beside the patch, whether it is so much smaller than one with the same copies and no
  ///   predictions that there is no need to make one with better copies.
  static func make(
    _ old: RawSpan, _ new: RawSpan, mayShare: Bool, _ limits: PatchLimits
  ) throws(DiffError) -> (patch: PreparedPatch, isClearlyBetter: Bool)? {
    guard var oldFile = MaskedFile(old), var newFile = MaskedFile(new),
      oldFile.image.machine == newFile.image.machine,
      oldFile.image.type == newFile.image.type
    else { return nil }
    let names = RecodedNames(old, oldFile.image, new, newFile.image)
    let copies = try match(oldFile.takeMasked(), newFile.takeMasked(), names?.bytes ?? [])
    guard copies.count <= PatchLimits.standard.maxCopies else { return nil }
    let maker = ProjectedPatch(
      old: oldFile, new: newFile, fields: oldFile.scanner.all(old), names: names)
    // One that shares may be too long only if others teach it nothing.
    var patch = maker.write(old, new, copies, mayShare: mayShare)
    if let shared = patch, shared.sharesKnowledge, !limits.allow(shared) {
      patch = maker.write(old, new, copies, mayShare: false)
    }
    guard let patch, limits.allow(patch), patch.estimate.count < new.byteCount else {
      return nil
    }
    // Without predictions, there is nothing behind old that could be copied.
    if maker.names != nil { return (patch, true) }
    let same = PatchWriter.patch(old: old, new: new, copies: copies)
    return (patch, PatchEstimate.size(patch.estimate) < PatchEstimate.size(same) / 4 &* 3)
  }

  /// The copies of masked bytes. These, and their suffixes, are needed for nothing else.
  private static func match(
    _ old: consuming [UInt8], _ new: consuming [UInt8], _ names: [UInt8]
  ) throws(DiffError) -> [CopyRange] {
    let end = old.count
    var old = old
    old += names
    let all = old
    let new = new
    let matcher = Matcher(
      old: all.rawSpan, new: new.rawSpan, starts: [0], ends: [end], suffixes: LazySuffixArray())
    let copies = try matcher.findCopies()
    return names.isEmpty ? copies : copies.flatMap { $0.split(atOld: end) }
  }

  private func write(
    _ old: RawSpan, _ new: RawSpan, _ copies: [CopyRange], mayShare: Bool
  ) -> PreparedPatch? {
    guard isWithinWork(copies, new.byteCount) else { return nil }
    let projector = CopyProjector(old: old, new: new, fields: fields, copies: copies)
    var tables = ProjectionTables(
      kinds: ProjectionTables.allKinds, oldLength: UInt64(old.byteCount),
      fieldCount: UInt64(fields.count), segments: segmentDifferences,
      sections: sectionShifts,
      hints: [], stringsShift: stringsShift)
    if !mayShare, let oldBases = self.old.bases, let newBases = self.new.bases {
      tables.oldBases = oldBases
      tables.newBases = newBases
    }
    tables.namePairs = names?.pairs
    tables.recodedLength = names?.bytes.count ?? 0
    // What follows old has no address.
    let ranges = copies.filter { $0.old < old.byteCount }.map {
      CopiedRange(old: UInt64($0.old), new: UInt64($0.new), count: UInt64($0.count))
    }
    let heads = typeHeads(old, new)
    if let heads { tables.typeGaps = TypeRuns.gaps(heads.old, heads.new, ranges) }
    tables.hints = HintFinder.find(projector, oldImage: self.old.image, newFile: self.new) {
      hints in
      var tables = tables
      tables.hints = hints
      return predictor(tables, ranges, heads?.old)
    }
    guard let predictor = predictor(tables, ranges, heads?.old) else { return nil }
    tables.kinds = Self.usefulKinds(projector, predictor)
    let shared = mayShare ? Self.numbers(projector) : []
    if !shared.isEmpty {
      tables.kinds |= ProjectionTables.numberKinds
      tables.usesKnowledge = true
    }
    guard tables.kinds != 0, let final = self.predictor(tables, ranges, heads?.old) else {
      return nil
    }
    let predicted = predict(projector, final, exceptNumbers: !shared.isEmpty)
    if !shared.isEmpty {
      return PreparedPatch(
        SharedPatch(
          new: [UInt8](copying: new), predicted: predicted, copies: copies, tables: tables,
          numbers: shared, map: final.map,
          strings: final.numbers.strings,
          oldBases: self.old.bases, newBases: self.new.bases))
    }
    return PreparedPatch(
      PatchWriter.projectedPatch(
        predicted: predicted.rawSpan, new: new, copies: copies, tables: tables.bytes))
  }

  /// By how much further than their section the strings of BTF moved.
  private var stringsShift: UInt64 {
    let (before, after) = (old.image, new.image)
    guard before.btf > 0, after.btf > 0 else { return 0 }
    let sections = after.sections[after.btf].offset &- before.sections[before.btf].offset
    return after.btfStrings &- before.btfStrings &- sections
  }

  /// The numbers inside copies.
  private static func numbers(_ projector: borrowing CopyProjector) -> [SharedPatch.Number] {
    var numbers: [SharedPatch.Number] = []
    let all = projector.fields.span
    for copy in projector.copies {
      var index = projector.fields.firstIndex(notBefore: copy.old)
      while index < all.count, all[index].end <= copy.old &+ copy.count {
        if all[index].isNumber {
          numbers.append(
            SharedPatch.Number(
              field: all[index], newOffset: all[index].start &- copy.diagonal,
              old: projector.old.load(all[index].kind, all[index].start)))
        }
        index &+= 1
      }
    }
    return numbers
  }

  /// Where types start in both, if their own types can be told from others'.
  private func typeHeads(_ old: RawSpan, _ new: RawSpan) -> (old: TypeHeads, new: TypeHeads)? {
    guard self.old.bases != nil, self.new.bases != nil,
      let before = TypeHeads.read(old, self.old.image),
      let after = TypeHeads.read(new, self.new.image)
    else { return nil }
    return (before, after)
  }

  private func predictor(
    _ tables: ProjectionTables, _ copies: [CopiedRange], _ heads: TypeHeads?
  ) -> FieldPredictor? {
    guard let resolved = ResolvedTables(tables, old: old.image),
      let map = AddressMap(
        old: old.image, tables: resolved, copies: copies,
        types: tables.typeGaps.isEmpty ? nil : heads.map { TypeRuns($0, gaps: tables.typeGaps) })
    else { return nil }
    return FieldPredictor(
      map: map, old: old.image, tables: resolved, ProjectionKnowledge(of: tables))
  }

  /// Whether the applying side need not look for fields too often.
  private func isWithinWork(_ copies: [CopyRange], _ newLength: Int) -> Bool {
    let length = UInt64(self.old.image.byteCount)
    let limit = FieldPool.maxLoads(oldLength: length, newLength: UInt64(newLength))
    var pool = FieldPool(oldLength: length, fieldCount: UInt64(fields.count))
    for copy in copies where copy.old < Int(length) {
      for window
        in (copy.old / FieldWindow.size)...((copy.old &+ copy.count &- 1) / FieldWindow.size)
      where pool.find(window) == nil {
        let start = window &* FieldWindow.size
        let count =
          fields.firstIndex(notBefore: start &+ FieldWindow.size)
          &- fields.firstIndex(notBefore: start)
        _ = pool.insert(window, count: count)
        guard pool.loads <= limit else { return false }
      }
    }
    return true
  }

  private var segmentDifferences: [ElfSegment] {
    let before = old.image.segments.all
    return new.image.segments.all.enumerated().map { index, segment in
      let base = index < before.count ? before[index] : ElfSegment()
      return ElfSegment(
        address: segment.address &- base.address, offset: segment.offset &- base.offset,
        fileSize: segment.fileSize &- base.fileSize,
        memorySize: segment.memorySize &- base.memorySize)
    }
  }

  /// Sections go together by name; of several of one name, the first with the first.
  private var sectionShifts: [ProjectionTables.SectionShift?] {
    var places: [[UInt8]: [ElfSection]] = [:]
    for section in new.image.sections.dropFirst().reversed() {
      places[section.name, default: []].append(section)
    }
    return old.image.sections.dropFirst().map { section in
      places[section.name]?.popLast().map {
        ProjectionTables.SectionShift(
          address: $0.address &- section.address, offset: $0.offset &- section.offset)
      }
    }
  }

  /// The kinds that are right more often when they are predicted than when they are not.
  private static func usefulKinds(
    _ projector: borrowing CopyProjector, _ predictor: FieldPredictor
  ) -> UInt64 {
    var gain = [Int](repeating: 0, count: FieldKind.allCases.count)
    projector.forEachField(predictor) { field, _, predicted, real, old in
      guard predicted != old else { return }
      gain[Int(field.kind.rawValue)] &+=
        (old ^ real).wrongByteCount &- (predicted ^ real).wrongByteCount
    }
    return FieldKind.allCases.filter { gain[Int($0.rawValue)] > 0 }
      .reduce(0) { $0 | ProjectionTables.bit($1) }
  }

  /// The new file with the predicted bytes in the places of copies.
  private func predict(
    _ projector: borrowing CopyProjector, _ predictor: FieldPredictor, exceptNumbers: Bool
  ) -> [UInt8] {
    var bytes = [UInt8](copying: projector.new)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    for copy in projector.copies {
      let into = copy.old &- projector.old.byteCount
      if into >= 0, let names {
        raw.copyBytes(names.bytes.rawSpan, into..<(into &+ copy.count), at: copy.new)
      } else {
        raw.copyBytes(projector.old, copy.old..<(copy.old &+ copy.count), at: copy.new)
      }
    }
    projector.forEachField(predictor) { field, newOffset, predicted, real, _ in
      let isRight = exceptNumbers && field.isNumber
      raw.store(isRight ? real : predicted, field.kind, newOffset)
    }
    return bytes
  }
}

extension UInt64 {
  /// Of the difference of two numbers, how many bytes are not zero.
  fileprivate var wrongByteCount: Int {
    let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
    return (((self & low) &+ low | self) & ~low).nonzeroBitCount
  }
}

extension MutableRawSpan {
  @_lifetime(self: copy self)
  fileprivate mutating func copyBytes(_ source: RawSpan, _ range: Range<Int>, at start: Int) {
    unsafe withUnsafeMutableBytes { target in
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: target[start...])
      unsafe source.extracting(range).withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }
}

extension PatchLimits {
  /// Whether a projected patch stays in them.
  fileprivate func allow(_ patch: PreparedPatch) -> Bool {
    let estimate = patch.estimate
    guard patch.maximumLength <= maxPatchLength,
      let statistics = try? PatchStatistics(patch: estimate.rawSpan, limits: self)
    else { return false }
    return statistics.applyMemory &+ UInt64(patch.maximumLength &- estimate.count)
      <= maxApplyMemory
  }
}
