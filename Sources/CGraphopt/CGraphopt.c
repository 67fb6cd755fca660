/* SPDX-License-Identifier: Apache-2.0 */
#include "graphopt.h"

/* The layouts that programs are compiled against: changing one takes a new major version. */
_Static_assert(sizeof(graphopt_effect) == 12, "graphopt_effect");
_Static_assert(sizeof(graphopt_summary) == 112, "graphopt_summary");
_Static_assert(sizeof(graphopt_step) == 48, "graphopt_step");
_Static_assert(sizeof(graphopt_placement) == 40, "graphopt_placement");
_Static_assert(sizeof(graphopt_stay) == 32, "graphopt_stay");
_Static_assert(sizeof(graphopt_buffer) == 40, "graphopt_buffer");
_Static_assert(sizeof(graphopt_layout_result) == 16, "graphopt_layout_result");
_Static_assert(sizeof(graphopt_value) == 32, "graphopt_value");
_Static_assert(sizeof(graphopt_order_result) == 16, "graphopt_order_result");
