/** What all connections have in common, whatever transport they use. */
@NullMarked
package io.earshot.connection;

import org.jspecify.annotations.NullMarked;
