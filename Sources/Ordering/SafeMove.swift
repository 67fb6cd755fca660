// SPDX-License-Identifier: Apache-2.0

// Why it is exact. Let `live(I)` be the bytes live after the downset I ran; it is submodular: what an
// operator adds shrinks as I grows. Let v be ready after I, fit the budget, and not raise `live`. Take
// any order that continues from I within the budget and move v to the front. Between I and v's old
// place every set now has v in it, so its `live` is no higher. While another operator w runs, what
// counts besides `live` is what w touches, which v can only have made live already, and takeovers,
// which only become more likely the more has run. So no step rises, and the new order fits too.

extension SearchState {
  /// Runs every ready operator that fits under the budget and does not raise what is live.
  ///
  /// - Complexity: O(``gaining``) per pass, one more pass than there are rounds of success.
  mutating func runSafeMoves(under budget: Int) {
    var index = 0
    var passed = 0
    // Until a whole round over the list finds nothing.
    while passed < gaining.count {
      if index >= gaining.count { index = 0 }
      let operation = Int(gaining[index])
      countScan()
      if state.live + state.rise(operation) <= budget {
        run(operation)
        passed = 0
      } else {
        index += 1
        passed += 1
      }
    }
  }
}
