// SPDX-License-Identifier: Apache-2.0
import Glibc
import MemoryLayout
import Testing

/// Public benchmark files, where they are at hand: `GRAPHOPT_LAYOUT_FILES` names the folder that
/// holds `minimalloc/` and `somas/`.
@Suite(.enabled(if: BenchmarkFile.folder != nil))
struct BenchmarkFileTests {
  @Test func `the load-ordered skyline is near the known ratio on the hard files`() throws {
    var sum = 0.0
    for name in "ABCDEFGHIJK" {
      let problem = try BenchmarkFile.problem("minimalloc/\(name).1048576.csv")
      let solution = try #require(
        SkylinePlanner(order: .load).attempt(problem, within: LayoutLimits()).solution)
      #expect(LayoutValidator.violations(in: solution, of: problem) == [])
      sum += Double(solution.height) / Double(problem.lowerBound)
    }
    #expect(sum / 11 < 1.205)
  }

  @Test func `the training trace of ResNet-50 is placed at its load`() throws {
    let report = try LayoutPortfolio().report(for: BenchmarkFile.problem("somas/resnet50.csv"))
    #expect(report.lowerBound == 1_515_472_556)
    #expect(report.solution.height == 1_515_472_556)
    #expect(report.outcome == .optimal)
    #expect(report.winner == "skyline-load")
  }

  @Test func `the training trace of PanGu is placed within one percent of its load`() throws {
    let problem = try BenchmarkFile.problem("somas/pangu_2.6B.csv")
    #expect(problem.lowerBound == 5_530_099_775)
    let solution = try #require(
      SkylinePlanner(order: .size).attempt(problem, within: LayoutLimits()).solution)
    #expect(Double(solution.height) < 1.01 * Double(problem.lowerBound))
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
  }
}

enum BenchmarkFile {
  static let folder = getenv("GRAPHOPT_LAYOUT_FILES").map { String(cString: $0) }

  /// Reads `id,lower,upper,size` with exclusive `upper`.
  static func problem(_ name: String) throws -> LayoutProblem {
    let path = try #require(folder) + "/" + name
    let file = try #require(fopen(path, "r"), "cannot read \(path)")
    defer { fclose(file) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      text += buffer[..<count]
    }
    let lines = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline)
    #expect(lines.first == "id,lower,upper,size")
    return try LayoutProblem(
      buffers: lines.dropFirst().map { line in
        let fields = line.split(separator: ",").compactMap { Int($0) }
        try #require(fields.count == 4)
        return LayoutBuffer(size: fields[3], lower: fields[1], upper: fields[2])
      })
  }
}
