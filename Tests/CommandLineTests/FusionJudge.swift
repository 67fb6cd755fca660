// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// A fused model and what it must be equal to, for `Tests/Peers/peer_fusion.py`.
struct FusionJob: Encodable {
  /// The model before, in operators that numpy knows.
  var original: String
  /// The file that was fused: the original, or its optimized form.
  var source: String
  /// The fused file.
  var fused: String
  /// What `graphopt fuse` says of the original, where runs were fused.
  var report: String?
  /// The runs that were fused.
  var runs: [[Int]]?

  /// What onnxruntime and numpy say of a job.
  struct Judgement: Decodable {
    /// How far the fused model is from the original.
    let distance: Double
    /// How far it is from what it must be equal to.
    let error: Double
  }

  /// Judges jobs, all in one process.
  static func judged(_ jobs: [FusionJob], in folder: TemporaryFolder) throws -> [Judgement] {
    let list = folder.write([UInt8](try JSONEncoder().encode(jobs)), to: "jobs.json")
    let answer = Peer.run("peer_fusion.py", [list])
    try #require(answer.status == 0, "\(answer.errors)")
    let judgements = try JSONDecoder().decode([Judgement].self, from: Data(answer.output))
    try #require(judgements.count == jobs.count)
    return judgements
  }
}
