// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import GraphIR
import Importers
import Planning

/// What may be paid to keep a budget, and what it costs: the same for every command that has a budget.
struct LadderOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Whether operators may run again to keep the budget: off, on (and nothing else that is not asked "
        + "for), auto (default: where order and layout alone do not keep it).", valueName: "how"),
    transform: choice)
  var recompute = LadderChoice.auto

  @Option(
    help: ArgumentHelp(
      "Whether tensors may wait in a second memory: off, on, auto (default), or weights, which are then "
        + "at home there together with optimizer state.", valueName: "how"),
    transform: choice)
  var spill = SpillChoice.auto

  @Option(
    name: .customLong("spill-bandwidth"),
    help: ArgumentHelp(
      "How much a second is copied between the memories, for times: 16GB.", valueName: "size"),
    transform: { text in
      let size = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
      let bytes = try ByteCount(parsing: size)
      guard bytes > .zero else { throw ValidationError("--spill-bandwidth is more than 0") }
      return bytes
    })
  var bandwidth: ByteCount?

  @Option(
    help: ArgumentHelp(
      "How many floating-point operations a second are done, for times: 10T, 300G.",
      valueName: "number"))
  var throughput: Throughput?

  @Option(
    help: ArgumentHelp(
      "A JSON file with costs: operators (operations for each element of the result), nodes "
        + "(operations), flopsPerSecond, bytesPerSecond.", valueName: "costs.json"),
    completion: .file(extensions: ["json"]))
  var costs: String?

  /// What was said of costs.
  ///
  /// - Throws: ``Failure`` if the file cannot be read or is no table of costs.
  func table() throws -> CostTable {
    var table = CostTable()
    if let costs {
      let bytes: [UInt8]
      do throws(ImportError) {
        bytes = try MappedFile(path: costs).withBytes { Array($0) }
      } catch { throw Failure(error, file: costs) }
      do {
        table = try JSONDecoder().decode(CostTable.self, from: Data(bytes))
      } catch { throw Failure(.badInput, file: costs, Self.sentence(for: error)) }
    }
    if let bandwidth { table.bytesPerSecond = Double(bandwidth.value) }
    if let throughput { table.flopsPerSecond = throughput.perSecond }
    return table
  }

  private static func sentence(for error: any Error) -> String {
    switch error {
    case DecodingError.dataCorrupted(let context) where context.underlyingError == nil:
      "not a table of costs: \(context.debugDescription)"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "not a table of costs: \(context.codingPath.map(\.stringValue).joined(separator: ".")) is of "
        + "the wrong type"
    default: "not a table of costs: it is no valid JSON"
    }
  }

  /// - Throws: When something is demanded that only a budget can ask for.
  func validate(budget: ByteCount?) throws {
    if budget == nil, recompute == .on || spill == .on || spill == .weights {
      throw ValidationError("--recompute and --spill need a --budget to be kept")
    }
  }
}

/// Operations a second as a person writes them.
struct Throughput: ExpressibleByArgument {
  let perSecond: Double

  init?(argument: String) {
    let units: [(String, Double)] = [("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("", 1)]
    for (unit, factor) in units where argument.hasSuffix(unit) {
      guard let value = Double(argument.dropLast(unit.count)), value > 0, value < 1e12 else {
        return nil
      }
      perSecond = value * factor
      return
    }
    return nil
  }
}
