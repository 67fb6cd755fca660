// SPDX-License-Identifier: Apache-2.0
import GraphIR

/// Operators on tensors of strings, and on files.
enum TextOperators {
  static let rules: [OperatorRule] = [
    OperatorRule("StringConcat") { context throws(OperatorFault) in
      context.setOutput(0, .string, try context.broadcastShape(of: 0..<2))
    },
    OperatorRule("StringNormalizer") { context throws(OperatorFault) in
      var fact = ValueFact(.string, try context.input(0).shape)
      if case .strings(let words)? = context.attribute("stopwords"), !words.isEmpty {
        fact.isUpperBound = true
        // One empty string stands for nothing at all.
        if let last = fact.shape.last, last == 0 { fact.shape[fact.rank - 1] = 1 }
      }
      context.setOutput(0, fact)
    },
    OperatorRule("StringSplit") { context throws(OperatorFault) in
      let x = try context.input(0)
      // Only the words tell how many there are, and no words are none.
      context.setOpen(0, .string, x.shape + [x.elementCount == 0 ? 0 : nil])
      if x.elementCount == 0 { context.setOutput(0, .string, x.shape + [0]) }
      if let limit = try context.int("maxsplit"), limit >= 0 {
        var fact = ValueFact(.string, x.shape + [try Extents.sum(limit, 1)])
        fact.isUpperBound = true
        context.setOutput(0, fact)
      }
      context.setOutput(1, .int64, x.shape)
    },
    OperatorRule("RegexFullMatch") { context throws(OperatorFault) in
      context.setOutput(0, .bool, try context.input(0).shape)
    },
    OperatorRule("TfIdfVectorizer") { context throws(OperatorFault) in
      let x = try context.input(0)
      guard let largest = try context.ints("ngram_indexes")?.max(), largest >= 0 else {
        throw .missingAttribute("ngram_indexes")
      }
      context.setOutput(0, .float32, Array(x.shape.dropLast()) + [try Extents.sum(largest, 1)])
    },
    OperatorRule("ImageDecoder") { context throws(OperatorFault) in
      _ = try context.input(0, rank: 1)
      let format = try context.string("pixel_format", default: "RGB")
      // Only the picture's bytes tell its size.
      context.setOpen(0, .uint8, [nil, nil, format == "Grayscale" ? 1 : 3])
      throw .unknownValue(input: 0)
    },
  ]

  /// Operators on strings of onnxruntime's own.
  static let microsoftRules: [OperatorRule] = [
    OperatorRule("Tokenizer") { context throws(OperatorFault) in
      // Only the words tell how many there are.
      context.setOpen(0, .string, try context.input(0, rankAtLeast: 1).shape + [nil])
      throw .unknownValue(input: 0)
    }
  ]
}
