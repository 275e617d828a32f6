/** What each event loop remembers of the last minutes, and live traces of it. */
@NullMarked
package io.earshot.events;

import org.jspecify.annotations.NullMarked;
