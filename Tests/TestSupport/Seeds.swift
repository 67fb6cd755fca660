// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The seeds that a property is tried with.
public enum Seeds {
  /// As many seeds as `GRAPHOPT_SEEDS` says, or else a number that keeps the suite quick.
  public static func first(_ usual: Int) -> Range<Int> {
    0..<(ProcessInfo.processInfo.environment["GRAPHOPT_SEEDS"].flatMap { Int($0) } ?? usual)
  }
}
