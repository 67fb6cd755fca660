// SPDX-License-Identifier: Apache-2.0
import Foundation
public import Testing

/// Compares a text with the one in `Fixtures/golden`.
///
/// With `UPDATE_GOLDEN=1` in the environment the file is written instead. A file that is missing is
/// written, too, and the test fails, so that no golden comes into being unseen.
public func expectGolden(
  _ text: String, _ file: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let url = URL(fileURLWithPath: "\(Fixture.folder)/golden/\(file)")
  let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"
  let golden = FileManager.default.contents(atPath: url.path)
  if isUpdating || golden == nil {
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    if golden == nil, !isUpdating {
      Issue.record("golden/\(file) was missing and is written now", sourceLocation: sourceLocation)
    }
    return
  }
  let expected = String(decoding: golden ?? Data(), as: UTF8.self)
  #expect(text == expected, "differs from golden/\(file)", sourceLocation: sourceLocation)
}
