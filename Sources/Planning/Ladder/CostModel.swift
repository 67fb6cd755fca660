// SPDX-License-Identifier: Apache-2.0

import GraphIR

/// What running nodes again and moving bytes cost.
///
/// Nodes cost floating-point operations by ``OperatorFlops``, unless a ``CostTable`` says otherwise.
/// Bytes cost their number. The two are compared as times: by the throughput and the bandwidth given,
/// or else by ``usualFlopsPerSecond`` and ``usualBytesPerSecond``, an accelerator behind PCI Express.
struct CostModel: Sendable {
  /// The floating-point operations of each node.
  let flops: [Int]
  /// Floating-point operations a second, if given.
  let flopsPerSecond: Double?
  /// Bytes a second between arena and second memory, if given.
  let bytesPerSecond: Double?

  /// What is assumed of the arithmetic where nothing is given.
  static let usualFlopsPerSecond = 1e13
  /// What is assumed of the second memory where nothing is given.
  static let usualBytesPerSecond = 1.6e10

  /// - Complexity: O(graph).
  init(of graph: Graph, table: CostTable = CostTable()) {
    let multipliers = graph.operatorKinds.map { table.multiplier(of: $0) }
    flops = graph.nodeIDs.map { node in
      if let own = table.nodes[graph.name(of: node)] { return own }
      if let multiplier = multipliers[graph[node].kind.index] {
        let product = Double(OperatorFlops.outputElements(of: node, in: graph)) * multiplier
        return product < 9e18 ? Int(product.rounded()) : .max
      }
      return OperatorFlops.flops(of: node, in: graph)
    }
    flopsPerSecond = table.flopsPerSecond
    bytesPerSecond = table.bytesPerSecond
  }

  /// Those that are given, and usual ones in place of others.
  var rates: PlanPrice.Rates {
    PlanPrice.Rates(
      flopsPerSecond: flopsPerSecond ?? Self.usualFlopsPerSecond,
      bytesPerSecond: bytesPerSecond ?? Self.usualBytesPerSecond)
  }

  /// The time that running a node again takes, in seconds.
  func seconds(ofNode node: Int) -> Double {
    seconds(ofFlops: flops[node])
  }

  /// The time that copying bytes one way takes, in seconds.
  func seconds(ofBytes bytes: Int) -> Double {
    Double(bytes) / rates.bytesPerSecond
  }

  /// How many operations are done in some time, rounded down, but for what arithmetic rounds; what no sum
  /// of prices holds is cut off.
  func flops(inSeconds seconds: Double) -> Int {
    Int(min(0x1p52, seconds * rates.flopsPerSecond * (1 + 1e-12)))
  }

  /// The time that operations take, in seconds.
  func seconds(ofFlops flops: Int) -> Double {
    Double(flops) / rates.flopsPerSecond
  }

  /// How many bytes are moved in some time, to the nearest one.
  func bytes(inSeconds seconds: Double) -> Int {
    let bytes = (seconds * rates.bytesPerSecond).rounded()
    return bytes < 0x1p62 ? Int(bytes) : .max
  }

  /// The time that a list of actions takes beyond running every node once, in seconds.
  func seconds(of actions: [LadderAction], in model: LadderModel) -> Double {
    var (bytes, time) = (0, 0.0)
    for action in actions {
      switch action {
      case .run: break
      case .recompute(let node): time += seconds(ofNode: node.index)
      case .spill(let storage), .fetch(let storage): bytes += model.copiedBytes[storage.index]
      }
    }
    return time + seconds(ofBytes: bytes)
  }

  /// The floating-point operations that a list of actions runs again, or the largest number.
  func flops(of actions: [LadderAction]) -> Int {
    actions.reduce(0) { sum, action in
      if case .recompute(let node) = action { sum.addingClamped(flops[node.index]) } else { sum }
    }
  }

  /// The time that a price comes to, if what it is paid in was given.
  func seconds(of price: PlanPrice) -> Double? {
    let bytes = price.spillBytes + price.fetchBytes
    if price.recomputeFlops > 0, flopsPerSecond == nil { return nil }
    if bytes > 0, bytesPerSecond == nil { return nil }
    guard flopsPerSecond != nil || bytesPerSecond != nil else { return nil }
    return Double(price.recomputeFlops) / (flopsPerSecond ?? 1)
      + Double(bytes) / (bytesPerSecond ?? 1)
  }
}

/// What a user knows better of costs than the built-in table: read from a JSON file.
///
/// `operators` holds floating-point operations for each element of the first output, by operator
/// (`Conv`, `com.microsoft::Gelu`); `nodes` the operations of single nodes, by name.
public struct CostTable: Hashable, Sendable, Codable {
  /// Operations for each element of an operator's first output.
  public var operators: [String: Double]
  /// Operations of single nodes.
  public var nodes: [String: Int]
  /// Floating-point operations a second.
  public var flopsPerSecond: Double?
  /// Bytes a second between arena and second memory, each way.
  public var bytesPerSecond: Double?

  public init(
    operators: [String: Double] = [:], nodes: [String: Int] = [:], flopsPerSecond: Double? = nil,
    bytesPerSecond: Double? = nil
  ) {
    self.operators = operators
    self.nodes = nodes
    self.flopsPerSecond = flopsPerSecond
    self.bytesPerSecond = bytesPerSecond
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case operators, nodes, flopsPerSecond, bytesPerSecond
  }

  /// Reads a table; every member may be missing, and none may be unknown.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
    let known = CodingKeys.allCases.map(\.rawValue)
    if let other = keys.first(where: { !known.contains($0) }) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [],
          debugDescription: "there is no '\(other)'; there are \(known.joined(separator: ", "))"))
    }
    let values = try decoder.container(keyedBy: CodingKeys.self)
    operators = try values.decodeIfPresent([String: Double].self, forKey: .operators) ?? [:]
    nodes = try values.decodeIfPresent([String: Int].self, forKey: .nodes) ?? [:]
    flopsPerSecond = try values.decodeIfPresent(Double.self, forKey: .flopsPerSecond)
    bytesPerSecond = try values.decodeIfPresent(Double.self, forKey: .bytesPerSecond)
    let isBroken =
      operators.values.contains { !($0 >= 0 && $0 < 1e18) } || nodes.values.contains { $0 < 0 }
      || [flopsPerSecond, bytesPerSecond].contains { $0.map { !($0 > 0 && $0 < 1e30) } ?? false }
    if isBroken {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "costs are not negative, and speeds above 0"))
    }
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// What the table says of an operator, by its full name or its type alone.
  func multiplier(of kind: OperatorKind) -> Double? {
    operators[kind.description] ?? operators[kind.type]
  }
}
