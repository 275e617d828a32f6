/** The servers that the bench measures, and how they are built, started, pinned and stopped. */
@NullMarked
package io.earshot.bench.peer;

import org.jspecify.annotations.NullMarked;
