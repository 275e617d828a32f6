/** Tests of the test support. */
@NullMarked
package io.earshot.test;

import org.jspecify.annotations.NullMarked;
