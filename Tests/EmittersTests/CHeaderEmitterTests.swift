// SPDX-License-Identifier: Apache-2.0
import Foundation
import Planning
import TestSupport
import Testing

@testable import Emitters

@Suite struct CHeaderEmitterTests {
  /// Compilers of C and C++ with the dialect they are asked for.
  private static let compilers = [("cc", "-xc", "-std=c11"), ("c++", "-xc++", "-std=c++11")]

  /// A program that prints a header's tables as the compiler sees them.
  private static func program(_ prefix: String, _ plan: ExecutionPlan) -> String {
    let type = prefix.lowercased()
    let tensors = plan.tensors.filter { $0.space == "arena" && $0.offset != nil }
    var body = ""
    if !tensors.isEmpty {
      body += """
        for (i = 0; i < \(prefix)_TENSOR_COUNT; i++) {
          printf("%zu %zu %u %u\\n", \(type)_tensors[i].offset, \(type)_tensors[i].bytes,
                 (unsigned)\(type)_tensors[i].first_step, (unsigned)\(type)_tensors[i].last_step);
        }

        """
    }
    if !plan.steps.isEmpty {
      body += """
        for (i = 0; i < \(prefix)_STEP_COUNT; i++) {
          printf("%s %u %zu %zu\\n", \(type)_steps[i].kind, (unsigned)\(type)_steps[i].node_index,
                 \(type)_steps[i].live_bytes, \(type)_steps[i].workspace_bytes);
        }

        """
    }
    return """
      #define \(prefix)_TABLES
      #include "plan.h"
      #include <stdio.h>
      int main(void) {
        size_t i;
        (void)i;
        printf("%zu\\n", (size_t)\(prefix)_ARENA_BYTES);
      \(body)  return 0;
      }

      """
  }

  private static func expected(_ plan: ExecutionPlan) -> [String] {
    ["\(plan.summary.arenaBytes)"]
      + plan.tensors.filter { $0.space == "arena" && $0.offset != nil }.map {
        "\($0.offset ?? -1) \($0.bytes) \($0.firstStep) \($0.lastStep)"
      }
      + plan.steps.map {
        "\($0.kind.rawValue) \($0.nodeIndex ?? -1) \($0.liveBytes) \($0.workspaceBytes)"
      }
  }

  private static let warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic"]

  @Test(
    .enabled(if: Tool.find("cc") != nil && Tool.find("c++") != nil, "no C and C++ compiler"),
    arguments: 0..<4, compilers)
  func `compilers take the header and see the plan's numbers`(
    _ seed: Int, _ compiler: (name: String, language: String, dialect: String)
  ) throws {
    let plan = try seed < 2 ? RandomPlan.plan(seed: seed) : RandomPlan.hostile(seed: seed)
    let folder = TemporaryFolder()
    folder.write(try CHeaderEmitter().bytes(of: plan), to: "plan.h")
    let prefix = CHeaderEmitter.prefix(of: plan.model.path)
    let source = folder.write(Array(Self.program(prefix, plan).utf8), to: "main.c")
    let built = CommandRunner.run(
      compiler.name,
      [compiler.dialect] + Self.warnings
        + [compiler.language, source, "-o", folder.path(of: "main")])
    #expect(built.status == 0, "\(built.errors)")
    let answer = CommandRunner.run(folder.path(of: "main"), [])
    #expect(answer.text.split(separator: "\n").map(String.init) == Self.expected(plan))
  }

  @Test(.enabled(if: Tool.find("cc") != nil, "no C compiler"))
  func `a tensor outside the arena does not compile`() throws {
    var plan = try RandomPlan.plan(seed: 1)
    plan.summary.arenaBytes = 64
    let folder = TemporaryFolder()
    let header = folder.write(try CHeaderEmitter().bytes(of: plan), to: "plan.h")
    let built = CommandRunner.run("cc", ["-std=c11", "-fsyntax-only", "-xc", header])
    #expect(built.status != 0)
    #expect(built.errors.contains("is not in the arena"))
  }

  @Test func `identifiers are unique and may stand anywhere`() throws {
    let plan = try RandomPlan.hostile(seed: 5)
    let text = String(decoding: try CHeaderEmitter().bytes(of: plan), as: UTF8.self)
    let names = text.split(separator: "\n").filter { $0.hasPrefix("#define ") }
      .map { $0.split(separator: " ")[1] }.filter { $0.contains("_OFFSET_") }
    #expect(names.count == plan.tensors.count { $0.offset != nil && $0.space == "arena" })
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { !$0.contains("__") && !$0.hasPrefix("_") })
  }

  @Test(arguments: [
    ("models/resnet50.onnx", "RESNET50"), ("3d.onnx", "MODEL_3D"), ("...", "MODEL"), ("", "MODEL"),
    ("a--b.v2.onnx", "A_B_V2"), ("_x", "X"),
  ])
  func `names start with the model's`(_ path: String, _ prefix: String) {
    #expect(CHeaderEmitter.prefix(of: path) == prefix)
  }
}
