// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite struct LayoutCommandTests {
  private let folder = TemporaryFolder()

  /// Five buffers that fit 12 bytes exactly, in one way only.
  private static let tight = """
    id,lower,upper,size
    a,0,4,4
    b,0,2,8
    c,2,6,8
    d,4,6,4
    """

  private func layout(_ text: String, _ options: String...) -> CommandRunner.Result {
    folder.write(Array(text.utf8), to: "in.csv")
    return CommandRunner.graphopt(["layout", folder.path(of: "in.csv")] + options)
  }

  @Test func `what fits has status 0 and its offsets are written`() throws {
    let result = layout(
      Self.tight, "--capacity", "12", "-o", folder.path(of: "out.csv"), "--emit",
      "svg=" + folder.path(of: "out.svg"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "")
    #expect(result.text.hasPrefix("fits: 12 of 12 bytes\n"))
    let written = try #require(folder.bytes(of: "out.csv"))
    let lines = String(decoding: written, as: UTF8.self).split(separator: "\n")
    #expect(lines.first == "id,lower,upper,size,offset")
    #expect(lines.count == 5)
    let picture = try #require(folder.bytes(of: "out.svg"))
    #expect(String(decoding: picture, as: UTF8.self).hasPrefix("<svg "))
  }

  @Test func `what cannot fit has status 3 and the proof`() {
    let result = layout(Self.tight, "--capacity", "11")
    #expect(result.status == 3)
    #expect(
      result.text.hasPrefix("does not fit: every layout needs 12 bytes, 11 are there\n"))
  }

  @Test(arguments: ["auto", "valley", "core-first", "ilp", "skyline", "llfb", "first-fit", "roam"])
  func `every planner can be asked for`(_ name: String) {
    let result = layout(Self.tight, "--layout", name)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text.contains("height:  12 bytes"))
  }

  @Test func `the help names every planner`() {
    let result = CommandRunner.graphopt("layout", "--help")
    for name in ["auto", "ilp", "skyline-area", "best-fit", "two-ended", "roam"] {
      #expect(result.text.contains("  \(name): "))
    }
  }

  @Test func `the least height is printed for programs`() {
    let result = layout(Self.tight, "--format", "json", "--time-limit", "5s")
    #expect(result.status == 0)
    #expect(result.text.contains("\"heightBytes\":12"))
    #expect(result.text.contains("\"outcome\":\"optimal\""))
    #expect(result.text.contains("\"verdict\":null"))
  }

  @Test(arguments: [
    ("", 65, "the file is empty"),
    ("id,lower,upper\n", 65, "line 1: column \"size\" is missing"),
    ("id,lower,upper,size\na,0,1,x\n", 65, "line 2: size is \"x\""),
    ("id,lower,upper,size\na,1,0,4\n", 65, "line 2: buffer 0 lives from step 1"),
  ])
  func `bad input has its status and one sentence`(
    _ text: String, _ status: Int32, _ sentence: String
  ) {
    let result = layout(text)
    #expect(result.status == status)
    #expect(result.text == "")
    #expect(result.errors.hasPrefix("graphopt: error: "))
    #expect(result.errors.contains(sentence), "\(result.errors)")
  }

  @Test func `a missing file and a wrong option have theirs`() {
    let missing = CommandRunner.graphopt("layout", folder.path(of: "none.csv"))
    #expect(missing.status == 66)
    #expect(layout(Self.tight, "--layout", "best").status == 64)
    #expect(layout(Self.tight, "--emit", "png=x").status == 64)
    #expect(layout(Self.tight, "-o", folder.path(of: "no/such/folder.csv")).status == 73)
  }
}
