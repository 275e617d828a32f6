/** The loads that the bench offers, each with its clients, its messages and its main metric. */
@NullMarked
package io.earshot.bench.cell;

import org.jspecify.annotations.NullMarked;
