/** The bench: its command line, and the campaign that measures servers under loads. */
@NullMarked
package io.earshot.bench;

import org.jspecify.annotations.NullMarked;
