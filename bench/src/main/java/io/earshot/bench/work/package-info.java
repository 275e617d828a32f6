/** What the clients of a cell do: how many there are, how they connect, and what they send. */
@NullMarked
package io.earshot.bench.work;

import org.jspecify.annotations.NullMarked;
