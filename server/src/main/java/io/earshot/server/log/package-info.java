/** The log: where it goes, and how a line is written safely. */
@NullMarked
package io.earshot.server.log;

import org.jspecify.annotations.NullMarked;
