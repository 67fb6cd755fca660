// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import GraphIR
import Importers
import Planning

/// `graphopt budget`: what memory costs, or the largest batch that a budget allows.
struct BudgetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "budget",
    abstract: "Shows what each budget costs in recompute and spill, or finds the largest batch.",
    discussion: """
      Example: graphopt budget model.onnx --dim batch=8
      Savable is the part of a price that could be saved for what is proven: in the plan's order, in any.
      With --budget and --max-dim batch, the largest size of that dimension whose plan keeps the budget.
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var memory: MemoryOptions

  @Option(help: "How many budgets the curve has, both ends included.")
  var points = 9

  @Option(
    help: ArgumentHelp(
      "The budget that --max-dim is about: 8GB, 512MiB, bytes.", valueName: "size"),
    transform: { try ByteCount(parsing: $0) })
  var budget: ByteCount?

  @Option(
    name: .customLong("max-dim"),
    help: ArgumentHelp(
      "Finds the largest size of a dynamic dimension within --budget.", valueName: "name"))
  var dimension: String?

  @OptionGroup var ladder: LadderOptions
  @OptionGroup var search: SearchOptions

  @Option(
    name: .customLong("emit"),
    help: ArgumentHelp(
      "Writes the curve as html=PATH, a page for a browser with its picture, or json=PATH; may be "
        + "repeated.", valueName: "kind=path"),
    transform: { try Emission(parsing: $0, kinds: CurveReport.kinds) })
  var emissions: [Emission] = []

  @Option(help: "What goes to standard output: text, json.")
  var format = ReportFormat.text

  func validate() throws {
    guard dimension == nil || emissions.isEmpty else {
      throw ValidationError("--emit writes a curve, and --max-dim makes none")
    }
    var paths: Set<String> = []
    for emission in emissions where !paths.insert(emission.path).inserted {
      throw ValidationError("'\(emission.path)' is to be written twice")
    }
    guard (2...1000).contains(points) else {
      throw ValidationError("--points is from 2 to 1000, not \(points)")
    }
    guard (dimension == nil) == (budget == nil) else {
      throw ValidationError("--max-dim and --budget come together")
    }
  }

  func run() throws {
    let progress = ProgressLine("reading \(model.model)")
    defer { progress.finish() }
    let table = try ladder.table()
    var planner = Planner(memory: memory.model, order: search.order, limits: search.limits)
    (planner.recompute, planner.spill, planner.costs) = (ladder.recompute, ladder.spill, table)
    if let dimension, let budget {
      planner.budget = budget
      let answer = try largest(dimension, planner) { progress.update($0) }
      progress.finish()
      let report = LargestReport(
        model: model.model, dimension: dimension, budget: budget, answer: answer)
      try Terminal.write(format == .json ? report.json : Array(report.text.utf8))
      if answer.size == 0 { throw ExitCode(ExitStatus.overBudget.rawValue) }
      return
    }
    let imported = try model.imported()
    let planned = imported.model.plannedModel(path: model.model)
    let curve: BudgetCurve
    do throws(PlanningError) {
      curve = try planner.curve(of: imported.graph, model: planned, count: points) {
        progress.update($0.rawValue)
      }
    } catch { throw Failure(error, file: model.model) }
    let report = CurveReport(model: model.model, curve: curve)
    let files = OutputFiles()
    for emission in emissions {
      try files.add(emission.path, bytes: report.bytes(as: emission.kind))
    }
    try files.commit()
    progress.finish()
    if emissions.contains(where: \.isStandardOutput) { return }
    try Terminal.write(format == .json ? report.json : Array(report.text.utf8))
  }

  /// The largest size that fits, and what was tried.
  struct Largest {
    var size: Int
    var totalBytes: Int
    /// Every size that was planned, ascending, and whether it fits.
    var tried: [(size: Int, totalBytes: Int, fits: Bool)]
  }

  /// Doubles the size until it no longer fits, then halves what lies between. Memory need not grow
  /// with the size, so the sizes right behind the answer are planned, too, and one that fits sends the
  /// search on from there.
  private func largest(
    _ dimension: String, _ planner: Planner, _ progress: (String) -> Void
  ) throws -> Largest {
    var totals: [Int: (total: Int, fits: Bool)] = [:]
    func fits(_ size: Int) throws -> Bool {
      if let known = totals[size] { return known.fits }
      progress("planning \(dimension)=\(size)")
      let dims =
        model.dims.filter { $0.target != dimension } + [
          DimensionBinding(dimension, size)
        ]
      let imported = try ModelOptions.imported(
        model.model, by: ONNXImporter(bindings: dims, bounds: model.bounds))
      let plan: ExecutionPlan
      do throws(PlanningError) {
        plan = try planner.plan(
          imported.graph, model: imported.model.plannedModel(path: model.model))
      } catch { throw Failure(error, file: model.model) }
      let answer = plan.summary.fits == true
      totals[size] = (plan.summary.totalBytes, answer)
      return answer
    }
    var low = 0
    var high = 1
    while high <= Self.sizeLimit, try fits(high) { (low, high) = (high, high * 2) }
    while true {
      while high - low > 1 {
        let middle = low + (high - low) / 2
        if try fits(middle) { low = middle } else { high = middle }
      }
      let behind = (low + 1...low + Self.looked)
      guard let other = try behind.last(where: { try fits($0) }) else { break }
      low = other
      high = other + 1
      while high <= Self.sizeLimit, try fits(high) { (low, high) = (high, high * 2) }
    }
    return Largest(
      size: low, totalBytes: totals[low]?.total ?? 0,
      tried: totals.keys.sorted().compactMap { size in
        totals[size].map { (size, $0.total, $0.fits) }
      })
  }

  /// No dimension is made larger.
  private static let sizeLimit = 1 << 30
  /// How many sizes behind the answer are planned to see that they do not fit.
  private static let looked = 4
}

extension Failure {
  /// Why there is no plan.
  init(_ error: PlanningError, file: String) {
    if case .checkFailed = error {
      self.init(.checkFailed, file: file, "\(error)")
    } else {
      self.init(.badInput, file: file, "\(error)")
    }
  }
}
