// SPDX-License-Identifier: Apache-2.0

/// Joins an operator with its only neighbour where running them together costs nothing.
///
/// An operator with one predecessor, no scratch, and no storage that the predecessor does not touch
/// adds nothing while it runs right after it, and frees what it frees the sooner: a safe move that
/// is open as soon as the predecessor ran. So is, read backwards, an operator with one successor
/// that touches all it touches. Joining along the only edge closes no circle. What decides whether
/// a takeover holds must not change: a storage that the predecessor may give away is not touched
/// later in the same breath.
struct Contraction {
  /// The joined model.
  let model: OrderModel
  /// The operators of the given model that each joined one runs, in order.
  let members: Rows
  private let leads: [Int]

  /// Joins what can be joined; `nil` if nothing can.
  ///
  /// - Complexity: O(touches + dependencies · log of the longest row).
  init?(of given: OrderModel) {
    var lead = Array(0..<given.count)
    var after = [[UInt32]](repeating: [], count: given.count)
    for operation in 0..<given.count {
      guard
        let only = Self.onlyNeighbour(
          in: given.predecessors, of: [UInt32(operation)], lead: lead, excluding: operation),
        Self.isFree(operation, besides: only, in: given),
        !given.takeovers[given.takeoverStart[only]..<given.takeoverStart[only + 1]].contains(
          where: { given.touches(operation, Int($0.input)) })
      else { continue }
      lead[operation] = only
      after[only].append(UInt32(operation))
    }
    var before = [[UInt32]](repeating: [], count: given.count)
    for operation in (0..<given.count).reversed() where lead[operation] == operation {
      guard
        let only = Self.onlyNeighbour(
          in: given.successors,
          of: before[operation] + [UInt32(operation)] + after[operation], lead: lead,
          excluding: operation), lead[only] == only,
        Self.isFree(operation, besides: only, in: given)
      else { continue }
      // Later operators were put before `only` already; this one comes before them.
      let group = before[operation] + [UInt32(operation)] + after[operation]
      for member in group { lead[Int(member)] = only }
      before[only].insert(contentsOf: group, at: 0)
      before[operation] = []
      after[operation] = []
    }
    guard (0..<given.count).contains(where: { lead[$0] != $0 }) else { return nil }

    var number = [UInt32](repeating: 0, count: given.count)
    var members = Rows()
    var leads: [Int] = []
    for operation in 0..<given.count where lead[operation] == operation {
      number[operation] = UInt32(leads.count)
      leads.append(operation)
      members.append(before[operation] + [UInt32(operation)] + after[operation])
    }
    self.members = members
    self.leads = leads
    var predecessors = Rows()
    for (index, own) in leads.enumerated() {
      var row: [UInt32] = []
      for member in members[index] {
        for edge in given.predecessors[Int(members.values[member])] {
          let other = lead[Int(given.predecessors.values[edge])]
          if other != own { row.append(number[other]) }
        }
      }
      predecessors.append(row.uniqued())
    }
    model = given.restricted(to: leads, predecessors: predecessors)
  }

  /// An order of the joined model as one of the given model.
  func expanded(_ order: [Int]) -> [Int] {
    order.flatMap { members[$0].map { Int(members.values[$0]) } }
  }

  /// An order of the given model as one of the joined model: by where the leads stand.
  func restricted(_ order: [Int]) -> [Int] {
    var number = [Int](repeating: -1, count: members.values.count)
    for (index, lead) in leads.enumerated() { number[lead] = index }
    return order.map { number[$0] }.filter { $0 >= 0 }
  }

  /// The operator of the given model that touches all that a joined one touches.
  func lead(of operation: Int) -> Int { leads[operation] }

  private static func isFree(_ operation: Int, besides other: Int, in model: OrderModel) -> Bool {
    model.workspaces[operation] == 0
      && model.takeoverStart[operation] == model.takeoverStart[operation + 1]
      && model.touched[operation].allSatisfy {
        model.touches(other, Int(model.touched.values[$0]))
      }
  }

  /// The one lead that all neighbours of a group have, if it is one.
  private static func onlyNeighbour(
    in rows: Rows, of group: [UInt32], lead: [Int], excluding own: Int
  ) -> Int? {
    var only: Int?
    for member in group {
      for index in rows[Int(member)] {
        let other = lead[Int(rows.values[index])]
        if other == own { continue }
        if let only, only != other { return nil }
        only = other
      }
    }
    return only
  }
}

extension OrderModel {
  /// Whether an operator touches a storage.
  ///
  /// - Complexity: O(log of the row).
  func touches(_ operation: Int, _ storage: Int) -> Bool {
    var range = touched[operation]
    while !range.isEmpty {
      let middle = (range.lowerBound + range.upperBound) / 2
      let value = Int(touched.values[middle])
      if value == storage { return true }
      range = value < storage ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    return false
  }

  /// The model of some operators, renumbered, with the storages numbered as they are.
  ///
  /// - Parameters:
  ///   - kept: The operators, ascending.
  ///   - predecessors: What each of them needs, in the new numbers.
  func restricted(to kept: [Int], predecessors: Rows) -> OrderModel {
    var result = self
    result.count = kept.count
    result.predecessors = predecessors
    result.successors = predecessors.transposed(count: kept.count)
    result.touched = Rows()
    result.workspaces = []
    result.takeovers = []
    result.takeoverStart = [0]
    for operation in kept {
      result.touched.append(touched.values[touched[operation]])
      result.workspaces.append(workspaces[operation])
      result.takeovers.append(
        contentsOf: takeovers[takeoverStart[operation]..<takeoverStart[operation + 1]])
      result.takeoverStart.append(result.takeovers.count)
    }
    result.touchers = result.touched.transposed(count: storageCount)
    return result
  }
}
