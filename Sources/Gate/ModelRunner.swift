// SPDX-License-Identifier: Apache-2.0

import Emitters
import GraphIR
import Importers
import Planning

/// Plans one model of a zoo: what a process of its own does.
public struct ModelRunner: Sendable {
  /// What is asked of it.
  public struct Request: Hashable, Sendable, Codable {
    /// The zoo.
    public var folder: String
    public var run: ZooRun
    /// The fingerprint of a graph whose plan is known: where the model still has it, nothing is
    /// planned.
    public var knownFingerprint: String?

    public init(folder: String, run: ZooRun, knownFingerprint: String? = nil) {
      self.folder = folder
      self.run = run
      self.knownFingerprint = knownFingerprint
    }
  }

  /// What it answers.
  public enum Answer: Hashable, Sendable {
    /// The model's graph is the known one.
    case unchanged
    case outcome(ZooOutcome)
  }

  public init() {}

  /// Imports and plans a model. What goes wrong is an answer, too.
  public func answer(to request: Request) -> Answer {
    let run = request.run
    let path = run.model.hasPrefix("/") ? run.model : "\(request.folder)/\(run.model)"
    let imported: ImportedGraph
    do throws(ImportError) {
      let model = try ONNXModel(path: path)
      let bounds = run.bounds.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      imported = try ONNXImporter(
        bindings: Self.bindings(of: run, for: model),
        bounds: bounds.map { SizeBound($0.key, $0.value) }
      ).importGraph(of: model)
    } catch {
      let isUnreadable = if case .cannotRead = error { true } else { false }
      return .outcome(
        .failed(RunFailure(isUnreadable ? .cannotRead : .badModel, "\(error)")))
    }
    let fingerprint = ExecutionPlan.text(ofFingerprint: imported.graph.fingerprint)
    if let known = request.knownFingerprint, known == fingerprint { return .unchanged }
    do throws(OptionFault) {
      let planner = try run.options.planner(budget: run.budgetBytes.map { ByteCount(max($0, 0)) })
      return .outcome(outcome(of: imported, planner, path: run.model))
    } catch { return .outcome(.failed(RunFailure(.badModel, error.sentence))) }
  }

  private func outcome(of imported: ImportedGraph, _ planner: Planner, path: String) -> ZooOutcome {
    do throws(PlanningError) {
      let plan = try planner.plan(imported.graph, model: PlannedModel(path: path))
      return .planned(PlannedRun(of: plan))
    } catch {
      let isOurs = if case .checkFailed = error { true } else { false }
      return .failed(RunFailure(isOurs ? .checkFailed : .badModel, "\(error)"))
    }
  }

  /// The run's own bindings, and of the default ones those that the model has and nothing else binds.
  private static func bindings(of run: ZooRun, for model: ONNXModel) -> [DimensionBinding] {
    var dims = run.dims
    if !run.defaultDims.isEmpty {
      let open = openDimensions(of: model)
      for (name, extent) in run.defaultDims where open.contains(name) && dims[name] == nil {
        dims[name] = extent
      }
    }
    return ZooRun.sorted(dims).map { DimensionBinding($0.key, $0.value) }
  }

  /// What binds the dimensions that the inputs of a model leave open.
  private static func openDimensions(of model: ONNXModel) -> Set<String> {
    let weights = Set(model.graph.initializers.map(\.name))
    var open: Set<String> = []
    for input in model.graph.inputs where !weights.contains(input.name) {
      guard case .tensor(_, let shape) = input.type else { continue }
      for (axis, dimension) in (shape ?? []).enumerated() {
        switch dimension {
        case .value: continue
        case .parameter(let name): open.insert(name)
        case .unknown: open.insert("\(model.names[input.name]):\(axis)")
        }
      }
    }
    return open
  }
}

// MARK: - Between processes

extension ModelRunner.Request {
  /// The request as JSON.
  public var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.object {
      $0.member("folder", folder)
      $0.member("knownFingerprint", knownFingerprint)
      $0.key("run")
      run.write(to: &$0)
    }
    return writer.bytes
  }

  /// The request in JSON; `nil` where it is none.
  public init?(bytes: [UInt8]) {
    guard let request = try? TapeDecoder().decode(Self.self, from: bytes) else { return nil }
    self = request
  }
}

extension ModelRunner.Answer {
  /// The answer as JSON.
  public var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.object {
      $0.key("failure")
      if case .outcome(.failed(let failure)) = self { failure.write(to: &$0) } else { $0.null() }
      $0.key("plan")
      if case .outcome(.planned(let plan)) = self { plan.write(to: &$0) } else { $0.null() }
    }
    writer.newLine()
    return writer.bytes
  }

  /// The answer in JSON; `nil` where it is none, as when the process that wrote it did not live to
  /// the end.
  public init?(bytes: [UInt8]) {
    struct Members: Decodable {
      let failure: RunFailure?
      let plan: PlannedRun?
    }
    guard let members = try? TapeDecoder().decode(Members.self, from: bytes) else { return nil }
    if let plan = members.plan {
      self = .outcome(.planned(plan))
    } else if let failure = members.failure {
      self = .outcome(.failed(failure))
    } else {
      self = .unchanged
    }
  }
}
