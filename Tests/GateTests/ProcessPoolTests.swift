// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TestSupport
import Testing

@testable import Gate

/// Processes that do what planning must survive, in the shell's words.
@Suite struct ProcessPoolTests {
  private func run(
    _ tasks: [String], jobs: Int = 2, limit: Duration? = nil
  ) throws -> [ProcessPool.Result] {
    var results = [ProcessPool.Result?](repeating: nil, count: tasks.count)
    let pool = ProcessPool(command: ["/bin/sh", "-s"], jobs: jobs, limit: limit)
    try pool.run(tasks.count) {
      Array("\(tasks[$0])\n".utf8)
    } finished: {
      results[$0] = $1
    }
    return try results.map { try #require($0) }
  }

  @Test(arguments: [1, 2, 5]) func `each task has its own answer`(_ jobs: Int) throws {
    let results = try run((0..<12).map { "echo answer \($0)" }, jobs: jobs)
    #expect(
      results.map { String(decoding: $0.output, as: UTF8.self) }
        == (0..<12).map { "answer \($0)\n" })
    #expect(results.allSatisfy { $0.failure == nil && $0.cost.memoryBytes > 0 })
  }

  @Test func `an answer may be longer than a pipe holds, and so may a task`() throws {
    let padding = String(repeating: "# padding\n", count: 30_000)
    let results = try run(["\(padding)head -c 1000000 /dev/zero", "head -c 300000 /dev/zero"])
    #expect(results.map(\.output.count) == [1_000_000, 300_000])
  }

  @Test func `what crashes, is killed or fails spoils its own task only`() throws {
    let results = try run(["kill -ILL $$", "echo fine", "kill -KILL $$", "exit 7"], jobs: 4)
    #expect(results.map { $0.failure?.kind } == [.crashed, nil, .crashed, .crashed])
    #expect(results[0].failure?.sentence.contains("signal 4") == true)
    #expect(results[2].failure?.sentence.contains("signal 9") == true)
    #expect(results[3].failure?.sentence.contains("status 7") == true)
  }

  @Test func `what takes too long is killed`() throws {
    let results = try run(
      ["exec sleep 100", "echo fine"], jobs: 2, limit: .milliseconds(700))
    #expect(results.map { $0.failure?.kind } == [.timeLimit, nil])
    #expect(results[0].failure?.sentence == "took longer than 0.7 s")
  }

  @Test func `a program that is not there is an error`() {
    let pool = ProcessPool(command: ["/gone/program"], jobs: 2, limit: nil)
    #expect(throws: GateError.self) {
      try pool.run(3) { _ in
        []
      } finished: { _, _ in
      }
    }
  }

  @Test func `what runs is killed when the taker throws`() {
    struct Enough: Error {}
    let pool = ProcessPool(command: ["/bin/sh", "-s"], jobs: 2, limit: nil)
    #expect(throws: Enough.self) {
      try pool.run(2) {
        Array(($0 == 0 ? "echo fine\n" : "exec sleep 100\n").utf8)
      } finished: {
        _, _ in
        throw Enough()
      }
    }
  }
}
