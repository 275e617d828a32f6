/** The admin API over HTTP. */
@NullMarked
package io.earshot.netty.admin;

import org.jspecify.annotations.NullMarked;
