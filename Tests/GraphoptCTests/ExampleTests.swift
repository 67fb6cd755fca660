// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The examples of the folder `Examples` that need nothing but the library.
@Suite struct ExampleTests {
  private static let examples = "\(Zoo.packageRoot)/Examples"
  private static let headers = "\(Zoo.packageRoot)/Sources/CGraphopt/include"
  private static let library = "\(CommandRunner.buildFolder)/libgraphopt-c.so"

  @Test(
    .enabled(if: Tool.find("cc") != nil, "no C compiler"),
    arguments: [("cc", "-std=c11"), ("c++", "-std=c++17")])
  func `the header is C and C++, and its example runs`(
    _ compiler: (name: String, dialect: String)
  ) throws {
    let folder = TemporaryFolder()
    let isC = compiler.name == "cc"
    // Compound literals are C's alone, so C++ sees the header only.
    let source =
      isC
      ? "\(Self.examples)/embed.c"
      : folder.write(
        Array("#include <graphopt.h>\nint main() { return graphopt_version() == 0; }\n".utf8),
        to: "main.cpp")
    let program = folder.path(of: "program")
    let built = CommandRunner.run(
      compiler.name,
      [
        compiler.dialect, "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", Self.headers, source,
        Self.library, "-Wl,-rpath,\(CommandRunner.buildFolder)", "-o", program,
      ])
    try #require(built.status == 0, "\(built.errors)")
    let answer = CommandRunner.run(program, [])
    #expect(answer.status == 0, "\(answer.errors)")
    guard isC else { return }
    let lines = answer.text.split(separator: "\n").map(String.init)
    #expect(lines.first == "fits: 655360 bytes of arena, no order needs less than 655360")
    #expect(lines.count == 1 + 4 + 5)
  }

  @Test(.enabled(if: Peer.isPresent, Comment(rawValue: Peer.absence)))
  func `a toy compiler runs its network in one arena`() {
    let answer = Peer.run("../../Examples/toy_compiler.py", [Self.library])
    #expect(answer.status == 0, "\(answer.errors)")
    #expect(answer.text.hasPrefix("24 nodes ran in an arena of 12288 bytes"))
  }
}
