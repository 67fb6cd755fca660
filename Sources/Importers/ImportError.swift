// SPDX-License-Identifier: Apache-2.0
@nonexhaustive public enum ImportError: Error, Hashable, Sendable { case x }
