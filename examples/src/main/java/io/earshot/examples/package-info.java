/** Example programs of one file each, which embed a server. */
@NullMarked
package io.earshot.examples;

import org.jspecify.annotations.NullMarked;
