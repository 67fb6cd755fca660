// SPDX-License-Identifier: Apache-2.0

/// Choices of cuts by one pass: what looks cheapest first, as long as it takes something off a row above
/// the budget; then what turned out not to be needed is taken back, dearest first.
struct SpillCover {
  private let gaps: SpillGaps
  /// The gaps of each version.
  private let memberStart: [Int]
  private let members: [Int]

  init(_ gaps: SpillGaps) {
    self.gaps = gaps
    var start = [Int](repeating: 0, count: gaps.versionBytes.count + 1)
    for gap in gaps.gaps where gap.version >= 0 { start[gap.version + 1] += 1 }
    for version in gaps.versionBytes.indices { start[version + 1] += start[version] }
    var place = start
    var members = [Int](repeating: 0, count: start[start.count - 1])
    for (index, gap) in gaps.gaps.enumerated() where gap.version >= 0 {
      members[place[gap.version]] = index
      place[gap.version] += 1
    }
    (memberStart, self.members) = (start, members)
  }

  /// A choice within the budget, if cutting everything is one.
  ///
  /// - Parameters:
  ///   - scores: The gaps with the smallest are taken first; of equal ones the one needed last.
  ///   - start: What is cut to begin with.
  /// - Complexity: O(gaps · log gaps + rows · takeovers).
  func choice(by scores: [Double], from start: [Bool]? = nil) -> [Bool]? {
    var isCut = start ?? [Bool](repeating: false, count: gaps.gaps.count)
    guard !gaps.rows.isEmpty else { return isCut }
    var tree = LoadTree(gaps.residues(isCut))
    let order = gaps.gaps.indices.sorted {
      (scores[$0], -gaps.gaps[$0].next, $0) < (scores[$1], -gaps.gaps[$1].next, $1)
    }
    for index in order where !isCut[index] {
      if tree.peak.bytes <= 0 { break }
      let gap = gaps.gaps[index]
      let helps =
        tree.maximum(in: gap.rows) > 0
        || gap.headRow >= 0 && tree.maximum(in: gap.headRow..<gap.headRow + 1) > 0
      if helps { flip(index, &isCut, &tree) }
    }
    guard tree.peak.bytes <= 0 else { return nil }
    trim(&isCut, &tree, scores)
    return isCut
  }

  private func flip(_ index: Int, _ isCut: inout [Bool], _ tree: inout LoadTree) {
    let gap = gaps.gaps[index]
    let before = gap.headRow >= 0 ? gaps.headRelief(gap.headRow, isCut) : 0
    isCut[index].toggle()
    tree.add(isCut[index] ? -gap.bytes : gap.bytes, gap.rows)
    if gap.headRow >= 0 {
      tree.add(
        before - gaps.headRelief(gap.headRow, isCut), gap.headRow..<gap.headRow + 1)
    }
  }

  /// Takes whole versions back, dearest first, then single gaps.
  private func trim(_ isCut: inout [Bool], _ tree: inout LoadTree, _ scores: [Double]) {
    var totals = gaps.versionBytes
    for (index, gap) in gaps.gaps.enumerated() where gap.version >= 0 && isCut[index] {
      totals[gap.version] += gap.copied
    }
    let versions = totals.indices.sorted { (totals[$1], $1) < (totals[$0], $0) }
    for version in versions {
      let cut = members[memberStart[version]..<memberStart[version + 1]].filter { isCut[$0] }
      guard cut.count > 1 else { continue }
      for index in cut { flip(index, &isCut, &tree) }
      if tree.peak.bytes > 0 {
        for index in cut { flip(index, &isCut, &tree) }
      }
    }
    let dearest = gaps.gaps.indices.filter { isCut[$0] }.sorted {
      (gaps.gaps[$1].copied, scores[$1], $0) < (gaps.gaps[$0].copied, scores[$0], $1)
    }
    for index in dearest {
      let gap = gaps.gaps[index]
      guard tree.maximum(in: gap.rows) + gap.bytes <= 0 || gap.rows.isEmpty else { continue }
      flip(index, &isCut, &tree)
      let isWithin =
        gap.headRow < 0 || tree.maximum(in: gap.headRow..<gap.headRow + 1) <= 0
      if !isWithin { flip(index, &isCut, &tree) }
    }
  }
}
