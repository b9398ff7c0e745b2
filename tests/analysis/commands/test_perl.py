"""Perl's one-liners: which are understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bailiwick.analysis.commands.plugins.perl import refused

FILTERS = [
    "print if /refund/i", "s/colour/color/g", "s/\\n{3,}/\\n\\n/g", "print $F[0]", "tr/a-z/A-Z/", "print if /a/ .. /b/",
    "$s += $1 if /(\\d+)/; END { print $s }", "$h{$_}++; END { print for sort keys %h }", "s{a}{b}g; s|c|d|", "s/\\s+$//",
    "$sum += -s $_; END { print $sum }", "s?.*/??; print", "print qq{$x\\n}", "print -M $_ > 3 ? q(old) : q(new)", "die if -e $_",
    "s/(\\w+)\\@example/$1/", 'print "$F[0] $F[-1]\\n"', "next unless /x/; chomp; print lc", "print unless $seen{$_}++",
    'print "$.: $_" if $. > 3 && $. < 9', "s/^(\\s*)foo$/$1bar/", "print join(',', sort { $a <=> $b } @F)", "s/a|b$|c/x/",
    "print scalar reverse", "my $n = length; print $n if $n > 80", 's/"/\\"/g', "$_ = uc; print", "last if $. == 10; print",
]  # fmt: skip
OTHERS = [
    'system("id")', "unlink 'x'", "s/x/`id`/e", "s/x/system(1)/ee", "s/x/@{[system(1)]}/", "s/x/${\\system(1)}/", "/(?{system(1)})/",
    "/(??{system(1)})/", "s/$h{system(1)}/x/", "open F, '>x'", "print `id`", "qx(id)", "eval 'x'", "do 'x'", "require 'x'",
    "use POSIX", "$x->method", "&f", "*a = *b", "@{$x}", "$$x", "print $ENV{TOKEN}", "@ARGV = ('/etc/x')", "$ARGV[0] = 'id|'",
    "push @ARGV, 'x'", "$0 = 'x'", "$SIG{__DIE__} = 1", "print <<E", "exec 'x'", "fork", "print $x / 2; system(1) / 1", "sub f { 1 }",
    "kill 9, 1", "rename 'a', 'b'", "-e 'x'", "print while <F>", "print STDOUT system 1", "m{@{[1]}}", "y/a/b/; exec 1",
    'print "@{[system(1)]}"', 'print "${\\ system(1)}"', "$h{print}{s}", "split /(?{1})/", "\n=pod\n", "goto x", "local $_ = 1", "f()",
    "print qq{@{[system(1)]}}", "print qq(${\\ system(1)})", "q{a}.system(1)", "print -T $_", "-e qx(id)", "print $x -s $y; exec 1",
]  # fmt: skip


@pytest.mark.parametrize("code", FILTERS)
def test_a_filter_is_understood(code: str) -> None:
    assert not refused(code)


@pytest.mark.parametrize("code", OTHERS)
def test_anything_else_is_refused(code: str) -> None:
    assert refused(code)


@given(st.text(alphabet="s/|{}$@%_1a;() \"'\\#!~=?+-`<>\n", max_size=40))
def test_reading_is_total(code: str) -> None:
    assert isinstance(refused(code), str)
