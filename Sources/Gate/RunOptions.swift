// SPDX-License-Identifier: Apache-2.0

import GraphIR
import MemoryLayout
import Ordering
import Planning

/// How a model of a zoo is planned, in words that manifests and records share.
public struct RunOptions: Hashable, Sendable, Codable {
  /// What sizes and offsets are multiples of.
  public var alignment: Int
  /// How far to search: `candidates`, `quick`, `standard`.
  public var effort: String
  /// The in-place mode: `none`, `safe`, `ort`.
  public var inplace: String
  /// Where inputs and outputs live: `arena`, `external`.
  public var io: String
  /// The layout member, or `auto`.
  public var layout: String
  /// The order, or `auto`.
  public var order: String
  /// Whether Concat and Split may be in place.
  public var slices: Bool
  /// When to stop searching for a better order, in milliseconds; plans may then depend on the
  /// machine.
  public var searchMilliseconds: Int?
  /// Whether operators may run again to keep the budget: `off`, `on`, `auto`. Records and baselines
  /// name it and ``spill`` where they are not `auto`.
  public var recompute: String
  /// Whether tensors may wait in a second memory: `off`, `on`, `auto`, `weights`.
  public var spill: String

  public init(
    alignment: Int = 64, effort: String = "standard", inplace: String = "safe",
    io: String = "arena", layout: String = "auto", order: String = "auto", slices: Bool = false,
    searchMilliseconds: Int? = nil, recompute: String = "auto", spill: String = "auto"
  ) {
    self.alignment = alignment
    self.effort = effort
    self.inplace = inplace
    self.io = io
    self.layout = layout
    self.order = order
    self.slices = slices
    self.searchMilliseconds = searchMilliseconds
    self.recompute = recompute
    self.spill = spill
  }

  public init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      alignment: try members.decode(Int.self, forKey: .alignment),
      effort: try members.decode(String.self, forKey: .effort),
      inplace: try members.decode(String.self, forKey: .inplace),
      io: try members.decode(String.self, forKey: .io),
      layout: try members.decode(String.self, forKey: .layout),
      order: try members.decode(String.self, forKey: .order),
      slices: try members.decode(Bool.self, forKey: .slices),
      searchMilliseconds: try members.decodeIfPresent(Int.self, forKey: .searchMilliseconds),
      recompute: try members.decodeIfPresent(String.self, forKey: .recompute) ?? "auto",
      spill: try members.decodeIfPresent(String.self, forKey: .spill) ?? "auto")
  }

  /// The planner that does so; a sentence where an option has a value that it cannot have.
  func planner(budget: ByteCount?) throws(OptionFault) -> Planner {
    guard alignment > 0, alignment <= Graph.maximumAlignment, alignment.nonzeroBitCount == 1 else {
      throw OptionFault("alignment is a power of two, not \(alignment)")
    }
    guard let mode = InPlaceMode(rawValue: inplace) else {
      throw OptionFault("there is no in-place mode '\(inplace)'")
    }
    guard let placement = IOPlacement(rawValue: io) else {
      throw OptionFault("there is no io placement '\(io)'")
    }
    guard let order = OrderChoice(name: order) else {
      throw OptionFault("there is no order '\(order)'")
    }
    guard let layout = LayoutChoice(name: layout) else {
      throw OptionFault("there is no layout '\(layout)'")
    }
    guard let effort = SearchLimits.Effort(rawValue: effort) else {
      throw OptionFault("there is no effort '\(effort)'")
    }
    guard searchMilliseconds ?? 0 >= 0 else {
      throw OptionFault("searchMilliseconds is not negative")
    }
    guard let recompute = LadderChoice(rawValue: recompute) else {
      throw OptionFault("there is no choice '\(recompute)' for recompute")
    }
    guard let spill = SpillChoice(rawValue: spill) else {
      throw OptionFault("there is no choice '\(spill)' for spill")
    }
    var planner = Planner(
      memory: MemoryModel(alignment: alignment, inPlace: mode, io: placement, slices: slices),
      order: order,
      limits: SearchLimits(
        effort: effort, timeLimit: searchMilliseconds.map { .milliseconds($0) }, jobs: 1),
      layout: layout, budget: budget)
    (planner.recompute, planner.spill) = (recompute, spill)
    return planner
  }
}

/// An option that has a value it cannot have.
struct OptionFault: Error {
  let sentence: String
  init(_ sentence: String) { self.sentence = sentence }
}

/// Some of the options, as a manifest states them.
struct PartialOptions: Decodable {
  let alignment: Int?
  let effort: String?
  let inplace: String?
  let io: String?
  let layout: String?
  let order: String?
  let slices: Bool?
  let searchMilliseconds: Int?
  let recompute: String?
  let spill: String?

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case alignment
    case effort
    case inplace
    case io
    case layout
    case order
    case slices
    case searchMilliseconds
    case recompute
    case spill
  }

  init(from decoder: any Decoder) throws {
    try decoder.refuseMembers(otherThan: CodingKeys.allCases.map(\.rawValue))
    let members = try decoder.container(keyedBy: CodingKeys.self)
    alignment = try members.decodeIfPresent(Int.self, forKey: .alignment)
    effort = try members.decodeIfPresent(String.self, forKey: .effort)
    inplace = try members.decodeIfPresent(String.self, forKey: .inplace)
    io = try members.decodeIfPresent(String.self, forKey: .io)
    layout = try members.decodeIfPresent(String.self, forKey: .layout)
    order = try members.decodeIfPresent(String.self, forKey: .order)
    slices = try members.decodeIfPresent(Bool.self, forKey: .slices)
    searchMilliseconds = try members.decodeIfPresent(Int.self, forKey: .searchMilliseconds)
    recompute = try members.decodeIfPresent(String.self, forKey: .recompute)
    spill = try members.decodeIfPresent(String.self, forKey: .spill)
  }

  /// These over others.
  func over(_ base: RunOptions) -> RunOptions {
    RunOptions(
      alignment: alignment ?? base.alignment, effort: effort ?? base.effort,
      inplace: inplace ?? base.inplace, io: io ?? base.io, layout: layout ?? base.layout,
      order: order ?? base.order, slices: slices ?? base.slices,
      searchMilliseconds: searchMilliseconds ?? base.searchMilliseconds,
      recompute: recompute ?? base.recompute, spill: spill ?? base.spill)
  }
}
