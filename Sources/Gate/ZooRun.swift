// SPDX-License-Identifier: Apache-2.0

/// One model of a zoo at one binding: what is planned, and how.
public struct ZooRun: Hashable, Sendable, Codable {
  /// What it is called, unique in its zoo: the manifest's name for it, or its file and dimensions.
  public var name: String
  /// The file, from the zoo's folder.
  public var model: String
  /// The numbers of its open dimensions.
  public var dims: [String: Int]
  /// Numbers for dimensions that are bound where the model has them and nothing else binds them.
  public var defaultDims: [String: Int]
  /// How large tensors can be whose sizes data decides.
  public var bounds: [String: [Int]]
  /// How it is planned.
  public var options: RunOptions
  /// What resident bytes and arena together may need.
  public var budgetBytes: Int?

  public init(
    model: String, name: String? = nil, dims: [String: Int] = [:],
    defaultDims: [String: Int] = [:], bounds: [String: [Int]] = [:],
    options: RunOptions = RunOptions(), budgetBytes: Int? = nil
  ) {
    self.name = name ?? Self.name(of: model, dims)
    self.model = model
    self.dims = dims
    self.defaultDims = defaultDims
    self.bounds = bounds
    self.options = options
    self.budgetBytes = budgetBytes
  }

  /// `infer/bert.onnx batch=1 seq=128`.
  static func name(of model: String, _ dims: [String: Int]) -> String {
    ([model] + sorted(dims).map { "\($0.key)=\($0.value)" }).joined(separator: " ")
  }

  /// Names and numbers in the order of the names' bytes.
  static func sorted(_ dims: [String: Int]) -> [(key: String, value: Int)] {
    dims.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }
}

/// A part of a zoo: one of several of nearly equal numbers of models that lie behind one another, so
/// that the parts' records, one file after another, are those of the whole.
public struct ZooShard: Hashable, Sendable {
  /// Which part, from 1.
  public let index: Int
  /// Of how many.
  public let count: Int

  /// The whole zoo.
  public static let whole = ZooShard(index: 1, count: 1)

  private init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// Parses `2/8`; `nil` where it is no such thing.
  public init?(parsing text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]), index >= 1,
      index <= count
    else { return nil }
    self.init(index: index, count: count)
  }

  /// The positions of its runs in a zoo of so many.
  public func range(of runs: Int) -> Range<Int> {
    func start(_ part: Int) -> Int {
      let (high, low) = part.multipliedFullWidth(by: runs)
      return count.dividingFullWidth((high, low)).quotient
    }
    return start(index - 1)..<start(index)
  }
}
