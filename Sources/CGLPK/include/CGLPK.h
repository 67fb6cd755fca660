// SPDX-License-Identifier: Apache-2.0
#ifndef CGLPK_H
#define CGLPK_H
#endif
