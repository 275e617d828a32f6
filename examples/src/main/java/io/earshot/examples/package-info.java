/** Programs of one file. */
@NullMarked
package io.earshot.examples;

import org.jspecify.annotations.NullMarked;
