// SPDX-License-Identifier: Apache-2.0

/// Hands out names, each once.
struct UniqueNames {
  private var taken: Set<String> = []
  /// The number that a name was made unique with last, so that equal names cost no search.
  private var last: [String: Int] = [:]
  private let separator: String

  /// - Parameter separator: What stands between a name and its number.
  init(separator: String = "#") { self.separator = separator }

  /// The name, with a number behind it where it is taken; `fallback` stands for an empty one.
  mutating func unique(_ name: String, _ fallback: String) -> String {
    let name = name.isEmpty ? fallback : name
    if taken.insert(name).inserted { return name }
    var number = last[name] ?? 1
    var candidate: String
    repeat {
      number += 1
      candidate = "\(name)\(separator)\(number)"
    } while !taken.insert(candidate).inserted
    last[name] = number
    return candidate
  }
}

extension Unicode.Scalar {
  /// Whether it shows nothing, or changes how its neighbours show: controls, line ends, direction
  /// marks, what has no character.
  var isUnprintable: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator:
      true
    default: false
    }
  }
}

extension String {
  /// The text with everything that shows nothing written out as `\u{202E}`: names come from files,
  /// and may try to look like others or to turn the text around them.
  var visible: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if scalar.isUnprintable {
        text += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The visible text for HTML, between tags and in quoted attributes.
  var html: String {
    var text = ""
    for scalar in visible.unicodeScalars {
      switch scalar {
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "&": text += "&amp;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The last part of a path, without its extension.
  var fileStem: String {
    let name = split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return String(name) }
    return String(name[..<dot])
  }
}
