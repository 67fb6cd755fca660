// SPDX-License-Identifier: Apache-2.0

extension String {
  /// The text in quotes, fit for a sentence on a terminal: control characters are escaped, and a
  /// long text is cut.
  var quoted: String {
    let limit = 120
    var text = "'"
    for (index, scalar) in unicodeScalars.enumerated() {
      guard index < limit else {
        text += "…"
        break
      }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        text += "\\u{\(String(scalar.value, radix: 16))}"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "'"
  }
}
