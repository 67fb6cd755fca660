// SPDX-License-Identifier: Apache-2.0
import IntegerProgramming

/// The order of a small model as a mixed integer program: which operator runs at which step, and
/// which storages are preserved.
///
/// `create[o,t]` is 1 if operator `o` runs at step `t`, for the steps between the number of its
/// ancestors and of its descendants; `preserve[s,t]` is 1 if storage `s` is live at step `t`, which
/// it is from the step of its first toucher to that of its last. `save[k,t]` is 1 if takeover `k` is
/// made at step `t`. Row families, in this order:
/// 1. `once[o]` and `single[t]`: each operator runs at one step, each step runs one operator.
/// 2. `after[o,p,t]`: if `o` runs by step `t`, its predecessor `p` runs before it.
/// 3. `hold[s,a,b,t]`: if `a` ran by step `t` and `b` not before it, storage `s`, which both touch,
///    is preserved there; `held[s,b,t]`, `kept[s,a,t]` and `always[s,t]` the same for what is live
///    before, after, or both.
/// 4. `take[k,t]`, `dies[k,c,t]`: a takeover is made by its operator, after all other touchers `c` of
///    its input; `one[x,o]`: each storage takes part in one at most.
/// 5. `memory[t]`: what is live at a step is at most the peak.
///
/// Sizes are in units of the known order's peak, since GLPK goes wrong on large coefficients.
/// Source: ROAM (arXiv 2310.19295) and COSMA (arXiv 2311.18246), create and preserve.
/// Deviation: one variable an operator, not a tensor; storages may have several makers; exactly one
/// operator a step; takeovers.
struct OrderProgram {
  /// The program; minimize the peak.
  let program: IntegerProgram
  /// The known order as a point of the program.
  let start: [Double]
  /// `create`, by operator, for its steps.
  private let create: [[(step: Int, variable: VariableID)]]
  private let count: Int
  /// The most nodes of the solver's tree.
  private static let nodeLimit = 5_000

  /// - Parameters:
  ///   - known: An order of the model; better ones and itself are points of the program.
  ///   - bound: No order has a peak below this many bytes.
  /// - Complexity: O(operators² · (dependencies + Σ touchers²)), small models only.
  init(_ model: OrderModel, notAbove known: [Int], bound: Int) {
    var builder = Builder(model, known, bound: bound)
    builder.addCreates()
    builder.addSteps()
    builder.addDependencies()
    builder.addPreserves()
    builder.addTakeovers()
    builder.addMemory()
    program = builder.program
    start = builder.start
    create = builder.create
    count = model.count
  }

  /// The order that a solver finds, and what it took; `nil` where it fails.
  ///
  /// Of its answer only the steps are taken: neither its peak, nor its proof, nor that there is
  /// nothing better.
  func order(
    solver: some IntegerProgramSolver, iterations: Int
  ) -> (order: [Int]?, iterations: Int) {
    let options = SolveOptions(
      nodeLimit: Self.nodeLimit, iterationLimit: iterations, start: start)
    let solution: Solution
    do throws(SolverError) {
      solution = try solver.solve(program, options: options)
    } catch {
      // A solver that fails has found nothing; whoever asked has an order already.
      return (nil, iterations)
    }
    guard let point = solution.point else { return (nil, solution.iterationCount) }
    let keyed = create.enumerated().map { operation, entries in
      (step: entries.first { point[$0.variable] > 0.5 }?.step ?? count, operation: operation)
    }
    let order = keyed.sorted { ($0.step, $0.operation) < ($1.step, $1.operation) }
    return (order.map(\.operation), solution.iterationCount)
  }
}

/// Adds one family of variables or rows after the other.
private struct Builder {
  let model: OrderModel
  let known: [Int]
  let unit: Int
  var program = IntegerProgram(name: "order")
  var start: [Double] = []
  var create: [[(step: Int, variable: VariableID)]] = []
  private let peak: VariableID
  /// The step of each operator in the known order.
  private var step: [Int]
  /// What is live at each step.
  private var memory: [LinearExpression]

  init(_ model: OrderModel, _ known: [Int], bound: Int) {
    self.model = model
    self.known = known
    let height = model.peak(of: known)
    unit = max(1, height)
    peak = program.addVariable("peak", from: Double(min(bound, height)) / Double(unit), to: 1)
    start.append(Double(height) / Double(unit))
    program.setObjective(.minimize, 1 * peak)
    step = [Int](repeating: 0, count: model.count)
    for (index, operation) in known.enumerated() { step[operation] = index }
    memory = [LinearExpression](
      repeating: LinearExpression(constant: Double(model.permanentBytes) / Double(unit)),
      count: model.count)
  }

  private func scaled(_ bytes: Int) -> Double { Double(bytes) / Double(unit) }

  private mutating func variable(
    _ name: String, isBinary: Bool, start value: Bool
  ) -> VariableID {
    start.append(value ? 1 : 0)
    return program.addVariable(name, kind: isBinary ? .binary : .continuous, from: 0, to: 1)
  }

  /// How many operators come before an operator in every order, or after it.
  private func reachCount(of operation: Int, along rows: Rows) -> Int {
    var isSeen = [Bool](repeating: false, count: model.count)
    var stack = [operation]
    var count = 0
    while let next = stack.popLast() {
      for index in rows[next] {
        let other = Int(rows.values[index])
        guard !isSeen[other] else { continue }
        isSeen[other] = true
        count += 1
        stack.append(other)
      }
    }
    return count
  }

  mutating func addCreates() {
    for operation in 0..<model.count {
      let first = reachCount(of: operation, along: model.predecessors)
      let last = model.count - 1 - reachCount(of: operation, along: model.successors)
      var entries: [(step: Int, variable: VariableID)] = []
      for time in first...last {
        let create = variable(
          "create[\(operation),\(time)]", isBinary: true, start: step[operation] == time)
        entries.append((time, create))
        memory[time].add(scaled(model.workspaces[operation]), create)
      }
      create.append(entries)
    }
  }

  mutating func addSteps() {
    for operation in 0..<model.count {
      let sum = LinearExpression(sumOf: create[operation].map(\.variable))
      program.addConstraint("once[\(operation)]", sum, .equal, 1)
    }
    for time in 0..<model.count {
      let row = create.flatMap { $0.filter { $0.step == time }.map(\.variable) }
      program.addConstraint("single[\(time)]", LinearExpression(sumOf: row), .equal, 1)
    }
  }

  /// 1 if an operator runs at a step or before, 0 if not.
  private func ran(_ operation: Int, by time: Int) -> LinearExpression {
    let entries = create[operation]
    guard let last = entries.last else { preconditionFailure("every operator has a step") }
    if time >= last.step { return LinearExpression(constant: 1) }
    return LinearExpression(sumOf: entries.filter { $0.step <= time }.map(\.variable))
  }

  mutating func addDependencies() {
    for operation in 0..<model.count {
      for index in model.predecessors[operation] {
        let other = Int(model.predecessors.values[index])
        for time in 0..<model.count {
          add(
            "after[\(operation),\(other),\(time)]", ran(operation, by: time), .atMost,
            ran(other, by: time - 1))
        }
      }
    }
  }

  /// Adds `a relation b`, unless it holds for all values from 0 to 1.
  private mutating func add(
    _ name: String, _ a: LinearExpression, _ relation: IntegerProgram.Relation,
    _ b: LinearExpression
  ) {
    let row = (a - b).merged()
    let (least, most) = row.terms.reduce((row.constant, row.constant)) {
      ($0.0 + min($1.coefficient, 0), $0.1 + max($1.coefficient, 0))
    }
    if relation == .atMost && most <= 0 || relation == .atLeast && least >= 0 { return }
    program.addConstraint(name, row, relation, 0)
  }

  mutating func addPreserves() {
    let one = LinearExpression(constant: 1)
    for storage in 0..<model.storageCount where model.touchers.length(storage) > 0 {
      let touchers = model.touchers[storage].map { Int(model.touchers.values[$0]) }
      let (isLiveIn, isLiveOut) = (model.isLiveIn[storage], model.isLiveOut[storage])
      // Others ran only if one of these did, or are open only if one of those is.
      let begins = isLiveIn ? [] : ends(of: touchers, along: model.predecessors)
      let ends = isLiveOut ? [] : ends(of: touchers, along: model.successors)
      let first = begins.map { create[$0][0].step }.min() ?? 0
      let last = ends.map { create[$0][create[$0].count - 1].step }.max() ?? model.count - 1
      let begin = begins.map { step[$0] }.min() ?? 0
      let end = ends.map { step[$0] }.max() ?? model.count - 1
      for time in first...last {
        let preserve = variable(
          "preserve[\(storage),\(time)]", isBinary: false, start: begin <= time && time <= end)
        memory[time].add(scaled(model.bytes[storage]), preserve)
        for a in begins {
          for b in ends {
            add(
              "hold[\(storage),\(a),\(b),\(time)]", 1 * preserve, .atLeast,
              ran(a, by: time) - ran(b, by: time - 1))
          }
          if isLiveOut {
            add("kept[\(storage),\(a),\(time)]", 1 * preserve, .atLeast, ran(a, by: time))
          }
        }
        for b in ends where isLiveIn {
          add(
            "held[\(storage),\(b),\(time)]", 1 * preserve, .atLeast, one - ran(b, by: time - 1))
        }
        if isLiveIn, isLiveOut { add("always[\(storage),\(time)]", 1 * preserve, .atLeast, one) }
      }
    }
  }

  /// The operators among some that none of the others comes before, in the direction of the rows.
  private func ends(of operations: [Int], along rows: Rows) -> [Int] {
    var isBeyond = [Bool](repeating: false, count: model.count)
    for operation in operations {
      var isSeen = [Bool](repeating: false, count: model.count)
      var stack = [operation]
      while let next = stack.popLast() {
        for index in rows[next] {
          let other = Int(rows.values[index])
          guard !isSeen[other] else { continue }
          isSeen[other] = true
          stack.append(other)
        }
      }
      if operations.contains(where: { isSeen[$0] }) { isBeyond[operation] = true }
    }
    return operations.filter { !isBeyond[$0] }
  }

  mutating func addTakeovers() {
    for operation in 0..<model.count {
      let row = model.takeoverStart[operation]..<model.takeoverStart[operation + 1]
      let made = model.heldTakeovers(in: row) { input in
        model.touchers[input].allSatisfy {
          step[Int(model.touchers.values[$0])] <= step[operation]
        }
      }
      var sums: [(name: String, sum: LinearExpression)] = []
      for index in row {
        let takeover = model.takeovers[index]
        var whole = LinearExpression()
        for (time, create) in create[operation] {
          let save = variable(
            "save[\(index),\(time)]", isBinary: false,
            start: step[operation] == time && made.contains(takeover))
          whole += 1 * save
          memory[time].add(-scaled(model.bytes[Int(takeover.output)]), save)
          add("take[\(index),\(time)]", 1 * save, .atMost, 1 * create)
          for entry in model.touchers[Int(takeover.input)] {
            let other = Int(model.touchers.values[entry])
            guard other != operation else { continue }
            add("dies[\(index),\(other),\(time)]", 1 * save, .atMost, ran(other, by: time - 1))
          }
        }
        for storage in [takeover.output, takeover.input] {
          let name = "one[\(storage),\(operation)]"
          if let known = sums.firstIndex(where: { $0.name == name }) {
            sums[known].sum += whole
          } else {
            sums.append((name, whole))
          }
        }
      }
      for (name, sum) in sums { program.addConstraint(name, sum, .atMost, 1) }
    }
  }

  mutating func addMemory() {
    for time in 0..<model.count {
      program.addConstraint("memory[\(time)]", memory[time] - 1 * peak, .atMost, 0)
    }
  }
}
