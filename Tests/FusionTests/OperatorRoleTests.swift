// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Fusion

struct OperatorRoleTests {
  @Test func `an operator is told by domain and name`() {
    #expect(OperatorRole(OperatorKind(type: "MatMul")) == .matMul)
    #expect(OperatorRole(OperatorKind(domain: "pkg.aten", type: "mm")) == .matMul)
    #expect(OperatorRole(OperatorKind(domain: "com.example", type: "MatMul")) == .other)
  }
}
