// SPDX-License-Identifier: Apache-2.0

/// The head of a page about a model, up to its style. Its security policy forbids to load anything.
struct PageHead {
  /// The path of the model.
  let model: String
  /// What the page is about.
  let title: String
  /// Whether scripts of the page itself may run.
  let runsScripts: Bool

  var html: String {
    let policy =
      "default-src 'none'; style-src 'unsafe-inline'; "
      + (runsScripts ? "script-src 'unsafe-inline'; " : "")
      + "base-uri 'none'; form-action 'none'"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <title>\(Self.name(ofModelAt: model).html) – \(title)</title>

      """
  }

  /// What a model is called on its page: the file without its folders.
  static func name(ofModelAt path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
