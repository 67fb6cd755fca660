// SPDX-License-Identifier: Apache-2.0
#ifndef COnnx_H
#define COnnx_H
#endif
