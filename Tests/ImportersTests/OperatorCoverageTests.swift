// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Importers

/// `Benchmarks/operators.md`: which operators have a rule, and who tests it.
struct OperatorCoverage {
  static let path = "\(Zoo.packageRoot)/Benchmarks/operators.md"

  /// The operators without a rule, with the reason.
  static let unruled: [String: String] = [
    "com.microsoft::EPContext": compiled, "com.microsoft::Snpe": compiled,
  ]
  private static let compiled =
    "holds what another compiler made; the file has to state its results"

  /// An operator that the onnx package or onnxruntime knows, as `operator_schemas.py` prints it.
  struct Schema: Decodable {
    let domain: String
    let name: String
    let versions: [Int]
    let source: String

    var id: String { "\(domain)::\(name)" }
  }

  let schemas: [Schema]
  /// By operator, how many cases of each set use it.
  let uses: [String: [(set: String, count: Int)]]
  let given: GivenModels

  init() throws {
    let printed = Peer.run("operator_schemas.py", [])
    try #require(printed.status == 0, "\(printed.errors)")
    schemas = try JSONDecoder().decode([Schema].self, from: Data(printed.output))
    var uses: [String: [(set: String, count: Int)]] = [:]
    for set in ["node", "ort", "microsoft", "ml"] {
      var counts: [String: Int] = [:]
      for item in try OperatorCases.cases(of: set).cases {
        for name in item.operators { counts[name, default: 0] += 1 }
      }
      for (name, count) in counts { uses[name, default: []].append((set, count)) }
    }
    self.uses = uses
    given = try GivenModels()
  }

  static func hasRule(_ schema: Schema) -> Bool {
    RuleTable.standard.rule(domain: schema.domain, type: schema.name) != nil
      || schema.domain.isEmpty && BodyOperator(rawValue: schema.name) != nil
  }

  /// The whole document.
  var text: String {
    var lines = [
      "# Operators", "",
      "Every operator that the `onnx` package and `onnxruntime` of `Tests/Peers/requirements.txt` "
        + "know, whether its types and shapes are inferred by a rule of ours, and how many cases "
        + "with known results test that rule. `OperatorCoverageTests` compares this file with what "
        + "it finds; `UPDATE_GOLDEN=1 scripts/test --filter OperatorCoverageTests` writes it anew.",
      "",
      "A rule covers every version. The cases are one-operator models made by "
        + "`Tests/Peers/operator_cases.py`: `node` are the onnx package's own, with known results; "
        + "`ort`, `microsoft` and `ml` are run by onnxruntime, or inferred by its schemas where it "
        + "has no kernel for this machine.", "",
      "| domain | operators | with a rule | tested |", "|---|---|---|---|",
    ]
    let domains = Set(schemas.map { "\($0.source) \($0.domain)" }).sorted()
    func all(_ domain: String) -> [Schema] {
      schemas.filter { "\($0.source) \($0.domain)" == domain }
    }
    func title(_ schema: Schema) -> String {
      let domain = schema.domain.isEmpty ? "ai.onnx" : schema.domain
      return schema.source == "onnx" || !schema.domain.isEmpty
        ? domain : "\(domain), in onnxruntime alone"
    }
    for domain in domains {
      let members = all(domain)
      let ruled = members.filter(Self.hasRule)
      let tested = ruled.count { uses[$0.id] != nil }
      lines.append("| \(title(members[0])) | \(members.count) | \(ruled.count) | \(tested) |")
    }
    lines += givenLines
    for domain in domains {
      lines += ["", "## \(title(all(domain)[0]))", "", "| operator | versions | rule | cases |"]
      lines.append("|---|---|---|---|")
      for schema in all(domain) {
        let versions = schema.versions.map(String.init).joined(separator: ", ")
        let rule = Self.hasRule(schema) ? "yes" : "no: \(Self.unruled[schema.id] ?? "missing")"
        let cases = (uses[schema.id] ?? []).map { "\($0.set) \($0.count)" }
        lines.append(
          "| \(schema.name) | \(versions) | \(rule) | \(cases.joined(separator: ", ")) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The section on the models as they stand in their files.
  private var givenLines: [String] {
    let refused = given.refused.values.reduce(0) { $0 + $1.count }
    var lines = [
      "", "## The onnx package's backend tests, as they stand", "",
      "The \(given.models) models that the package makes (`onnx/backend/test/case/node`) and stores "
        + "(`onnx/backend/test/data`), imported as files: inputs are inputs, and what a file states "
        + "of a result that nothing tells before running is taken. Of their dense results "
        + "\(given.exact) have the right type and shape, \(given.bounded) an upper bound of a shape "
        + "that data decides, \(given.wrong.count) a wrong one. \(given.valued) models need the elements "
        + "of an input to be given, as `--dim size=10` does. \(given.inferred) models need "
        + "nothing of what the file states of results. \(refused) models are not imported:", "",
    ]
    for reason in GivenModels.Reason.allCases {
      guard let names = given.refused[reason] else { continue }
      lines.append(
        "- \(names.count): \(reason.rawValue): \(names.sorted().joined(separator: ", "))")
    }
    return lines
  }
}

struct OperatorCoverageTests {
  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `the table of operators says what there is`() throws {
    let coverage = try OperatorCoverage()
    let missing = coverage.schemas.filter { !OperatorCoverage.hasRule($0) }.map(\.id)
    #expect(missing.sorted() == OperatorCoverage.unruled.keys.sorted())
    #expect(coverage.given.wrong == [])
    let text = coverage.text
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try Data(text.utf8).write(to: URL(fileURLWithPath: OperatorCoverage.path))
    }
    let written = FileManager.default.contents(atPath: OperatorCoverage.path) ?? Data()
    #expect(String(decoding: written, as: UTF8.self) == text, "Benchmarks/operators.md is stale")
  }

  @Test func `every rule is of an operator in the table`() throws {
    let data = try #require(FileManager.default.contents(atPath: OperatorCoverage.path))
    let rows = String(decoding: data, as: UTF8.self).split(separator: "\n")
    let ruled = rows.compactMap { row -> String? in
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      return cells.count >= 3 && cells[2] == "yes" ? cells[0] : nil
    }
    // Gradients and other operators of training are in no schema of the runtime for inference.
    let training = Set(MicrosoftTrainingOperators.rules.map(\.type))
    for (domain, rule) in RuleTable.standard.all
    where !(domain == "com.microsoft" && training.contains(rule.type))
      && !(domain.isEmpty && rule.type == "MaxPoolGrad")
    {
      #expect(ruled.contains(rule.type), "\(domain)::\(rule.type)")
    }
  }
}
