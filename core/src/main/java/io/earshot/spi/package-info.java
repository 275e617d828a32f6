/** What the modules of Earshot share, and programs that use it do not call. */
@NullMarked
package io.earshot.spi;

import org.jspecify.annotations.NullMarked;
