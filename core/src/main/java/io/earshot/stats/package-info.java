/** What a server counts and measures of itself, by event loop. */
@NullMarked
package io.earshot.stats;

import org.jspecify.annotations.NullMarked;
