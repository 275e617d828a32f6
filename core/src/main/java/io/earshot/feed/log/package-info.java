/** Where events wait for consumers on a single server: a log for each event loop. */
@NullMarked
package io.earshot.feed.log;

import org.jspecify.annotations.NullMarked;
