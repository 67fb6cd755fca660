// SPDX-License-Identifier: Apache-2.0
import Glibc
import MemoryLayout
import TestSupport
import Testing

/// Public benchmark files, where they are at hand: `GRAPHOPT_LAYOUT_FILES` names the folder that
/// holds `minimalloc/` and `somas/`, or else `../shared/layout` beside the package is taken.
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

  @Test(arguments: Array("ABCDEFGHIJK").map { String($0) })
  func `each of the hard files fits a mebibyte`(name: String) throws {
    let problem = try BenchmarkFile.problem("minimalloc/\(name).1048576.csv")
    guard case .fits(let solution) = ValleyPlanner().outcome(of: problem, capacity: 1 << 20) else {
      Issue.record("not found")
      return
    }
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
    #expect(solution.height <= 1 << 20)
  }

  @Test func `the training trace of PanGu is placed at its load from its core`() throws {
    let problem = try BenchmarkFile.problem("somas/pangu_2.6B.csv")
    let attempt = CorePlanner(thresholds: [0.95]).attempt(problem, within: LayoutLimits())
    let solution = try #require(attempt.solution)
    #expect(solution.height == problem.lowerBound)
    #expect(LayoutValidator.violations(in: solution, of: problem) == [])
  }
}

enum BenchmarkFile {
  static let folder: String? = {
    if let named = getenv("GRAPHOPT_LAYOUT_FILES") { return String(cString: named) }
    let usual = "\(Zoo.packageRoot)/../shared/layout"
    return access("\(usual)/somas/resnet50.csv", R_OK) == 0 ? usual : nil
  }()

  /// Reads a file of the folder.
  static func problem(_ name: String) throws -> LayoutProblem {
    let path = try #require(folder) + "/" + name
    let file = try #require(fopen(path, "r"), "cannot read \(path)")
    defer { fclose(file) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
      text += buffer[..<count]
    }
    return try LayoutCSV(parsing: text).problem()
  }
}
