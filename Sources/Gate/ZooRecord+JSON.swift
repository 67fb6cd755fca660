// SPDX-License-Identifier: Apache-2.0

import Emitters
import Planning

extension ZooRecord {
  /// The record as one line of JSON, keys ascending, with the newline.
  ///
  /// - Parameter judgement: What a baseline says of it; the members are null without one.
  public func line(_ judgement: ZooJudgement? = nil) -> [UInt8] {
    var writer = JSONWriter()
    writer.object {
      $0.key("failure")
      if let failure { failure.write(to: &$0) } else { $0.null() }
      $0.member("format", Self.formatName)
      $0.key("growth")
      $0.array(judgement?.growth ?? []) { $1.write(to: &$0) }
      $0.member("index", index)
      $0.key("plan")
      if let plan { plan.write(to: &$0) } else { $0.null() }
      $0.key("run")
      run.write(to: &$0)
      $0.member("runs", runs)
      $0.member("tool", tool)
      $0.member("verdict", judgement?.verdict.rawValue)
      $0.member("version", 1)
    }
    writer.newLine()
    return writer.bytes
  }
}

extension RunFailure {
  func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("kind", kind.rawValue)
      $0.member("sentence", sentence)
    }
  }
}

extension ZooRun {
  func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("bounds", bounds)
      $0.member("budgetBytes", budgetBytes)
      $0.member("defaultDims", defaultDims)
      $0.member("dims", dims)
      $0.member("model", model)
      $0.member("name", name)
      $0.key("options")
      options.write(to: &$0)
    }
  }
}

extension RunOptions {
  func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("alignment", alignment)
      $0.member("effort", effort)
      $0.member("inplace", inplace)
      $0.member("io", io)
      $0.member("layout", layout)
      $0.member("order", order)
      if recompute != "auto" { $0.member("recompute", recompute) }
      $0.member("searchMilliseconds", searchMilliseconds)
      $0.member("slices", slices)
      if spill != "auto" { $0.member("spill", spill) }
    }
  }
}

extension PlannedRun {
  func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("arenaBytes", profile.arenaBytes)
      $0.member("fingerprint", fingerprint)
      $0.member("fits", fits)
      $0.key("highest")
      if let highest = profile.highest { highest.write(to: &$0) } else { $0.null() }
      $0.member("lowerBoundBytes", profile.lowerBoundBytes)
      $0.member("nodes", nodes)
      $0.member("peakBytes", profile.peakBytes)
      $0.member("peakNode", peakNode)
      $0.key("peakTensors")
      profile.atPeak.write(to: &$0)
      $0.member("provenOptimal", provenOptimal)
      $0.member("residentBytes", profile.residentBytes)
      $0.key("residentTensors")
      profile.resident.write(to: &$0)
      $0.member("totalBytes", profile.totalBytes)
    }
  }
}

extension MemoryProfile.Holding {
  func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("bytes", bytes)
      $0.member("name", name)
    }
  }
}

extension MemoryProfile.Holdings {
  func write(to writer: inout JSONWriter) {
    writer.object {
      $0.key("listed")
      $0.array(listed) { $1.write(to: &$0) }
      $0.member("omitted", omitted)
    }
  }
}

// MARK: - Reading

extension ZooRecord: Decodable {
  private enum Keys: String, CodingKey {
    case failure
    case index
    case plan
    case run
    case runs
    case tool
  }

  /// Reads what ``line(_:)`` writes; what a baseline said of it is left out, since another may be
  /// asked now.
  public init(from decoder: any Decoder) throws {
    try decoder.refuseFormat(otherThan: Self.formatName)
    let members = try decoder.container(keyedBy: Keys.self)
    let index = try members.decode(Int.self, forKey: .index)
    let runs = try members.decode(Int.self, forKey: .runs)
    guard index >= 0, index < runs else {
      throw ContentFault(sentence: "its index is \(index) of \(runs)")
    }
    let plan = try members.decodeIfPresent(PlannedRun.self, forKey: .plan)
    let failure = try members.decodeIfPresent(RunFailure.self, forKey: .failure)
    let outcome: ZooOutcome
    switch (plan, failure) {
    case (let plan?, nil): outcome = .planned(plan)
    case (nil, let failure?): outcome = .failed(failure)
    default: throw ContentFault(sentence: "it has neither a plan nor a failure, or both")
    }
    self.init(
      index: index, runs: runs, tool: try members.decode(String.self, forKey: .tool),
      run: try members.decode(ZooRun.self, forKey: .run), outcome: outcome)
  }
}

extension PlannedRun: Decodable {
  enum Keys: String, CodingKey {
    case arenaBytes
    case fingerprint
    case fits
    case highest
    case lowerBoundBytes
    case nodes
    case peakBytes
    case peakNode
    case peakTensors
    case provenOptimal
    case residentBytes
    case residentTensors
  }

  public init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: Keys.self)
    self.init(
      fingerprint: try members.decode(String.self, forKey: .fingerprint),
      nodes: try members.decode(Int.self, forKey: .nodes),
      fits: try members.decodeIfPresent(Bool.self, forKey: .fits),
      provenOptimal: try members.decode(Bool.self, forKey: .provenOptimal),
      peakNode: try members.decodeIfPresent(String.self, forKey: .peakNode),
      profile: try MemoryProfile(from: members))
  }
}

extension MemoryProfile {
  /// The profile among the members of a record's plan or of a baseline's entry.
  init(from members: KeyedDecodingContainer<PlannedRun.Keys>) throws {
    func bytes(_ key: PlannedRun.Keys) throws -> Int {
      let value = try members.decode(Int.self, forKey: key)
      guard (0..<1 << 61).contains(value) else {
        throw ContentFault(sentence: "\(key.rawValue) is \(value)")
      }
      return value
    }
    self.init(
      peakBytes: try bytes(.peakBytes), arenaBytes: try bytes(.arenaBytes),
      residentBytes: try bytes(.residentBytes), lowerBoundBytes: try bytes(.lowerBoundBytes),
      atPeak: try members.decode(HoldingList.self, forKey: .peakTensors).holdings,
      resident: try members.decode(HoldingList.self, forKey: .residentTensors).holdings,
      highest: try members.decodeIfPresent(HoldingEntry.self, forKey: .highest)?.holding)
  }

  private struct HoldingList: Decodable {
    let listed: [HoldingEntry]
    let omitted: Int

    var holdings: Holdings {
      get throws {
        guard (0..<1 << 32).contains(omitted) else {
          throw ContentFault(sentence: "omitted is \(omitted)")
        }
        return Holdings(try listed.map { try $0.holding }, omitted: omitted)
      }
    }
  }

  private struct HoldingEntry: Decodable {
    let bytes: Int
    let name: String

    var holding: Holding {
      get throws {
        guard (0..<1 << 61).contains(bytes) else {
          throw ContentFault(sentence: "the bytes of '\(name)' are \(bytes)")
        }
        return Holding(name: name, bytes: bytes)
      }
    }
  }
}
