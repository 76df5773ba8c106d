// asmjit gives registers to slots and assembles; this file alone includes it.
#include "kernels/machine_code.hpp"

#include <asmjit/x86.h>

#include <array>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace costate::kernels {

namespace {

namespace x86 = asmjit::x86;
namespace X = asmjit::x86::Inst;

/// An instruction for one value and for a whole register, each in its three-operand form and in the two-operand form of every x86-64.
template <class T>
struct Names {
    static constexpr bool wide = std::is_same_v<T, double>;
    using I = X::Id;
    using Forms = std::array<I, 4>;
    static constexpr Forms pick(const Forms& f64, const Forms& f32) { return wide ? f64 : f32; }
    static constexpr Forms all(I three, I two) { return {three, two, three, two}; }
    // clang-format off
    static constexpr Forms add = pick({X::kIdVaddsd, X::kIdAddsd, X::kIdVaddpd, X::kIdAddpd}, {X::kIdVaddss, X::kIdAddss, X::kIdVaddps, X::kIdAddps});
    static constexpr Forms sub = pick({X::kIdVsubsd, X::kIdSubsd, X::kIdVsubpd, X::kIdSubpd}, {X::kIdVsubss, X::kIdSubss, X::kIdVsubps, X::kIdSubps});
    static constexpr Forms mul = pick({X::kIdVmulsd, X::kIdMulsd, X::kIdVmulpd, X::kIdMulpd}, {X::kIdVmulss, X::kIdMulss, X::kIdVmulps, X::kIdMulps});
    static constexpr Forms div = pick({X::kIdVdivsd, X::kIdDivsd, X::kIdVdivpd, X::kIdDivpd}, {X::kIdVdivss, X::kIdDivss, X::kIdVdivps, X::kIdDivps});
    static constexpr Forms max = pick({X::kIdVmaxsd, X::kIdMaxsd, X::kIdVmaxpd, X::kIdMaxpd}, {X::kIdVmaxss, X::kIdMaxss, X::kIdVmaxps, X::kIdMaxps});
    static constexpr Forms sqrt = pick({X::kIdVsqrtsd, X::kIdSqrtsd, X::kIdVsqrtpd, X::kIdSqrtpd}, {X::kIdVsqrtss, X::kIdSqrtss, X::kIdVsqrtps, X::kIdSqrtps});
    static constexpr Forms compare = pick({X::kIdVcmpsd, X::kIdCmpsd, X::kIdVcmppd, X::kIdCmppd}, {X::kIdVcmpss, X::kIdCmpss, X::kIdVcmpps, X::kIdCmpps});
    static constexpr Forms move = pick({X::kIdVmovsd, X::kIdMovsd, X::kIdVmovups, X::kIdMovups}, {X::kIdVmovss, X::kIdMovss, X::kIdVmovups, X::kIdMovups});
    static constexpr Forms mask = pick(all(X::kIdVmovmskpd, X::kIdMovmskpd), all(X::kIdVmovmskps, X::kIdMovmskps));
    static constexpr Forms both = all(X::kIdVandps, X::kIdAndps), differ = all(X::kIdVxorps, X::kIdXorps), copy = all(X::kIdVmovaps, X::kIdMovaps);
    static constexpr I broadcast = wide ? X::kIdVbroadcastsd : X::kIdVbroadcastss;
    // clang-format on
};

template <class T>
class Assembler {
public:
    Assembler(asmjit::CodeHolder& code, const LineView<T>& line, std::size_t slots, const simd::Table<T>& table, std::size_t lanes)
        : cc_(&code),
          line_(line),
          table_(table),
          lanes_(lanes),
          bytes_(lanes * sizeof(T)),
          form_((table.isa == Isa::baseline ? 1 : 0) + (lanes > 1 ? 2 : 0)),
          slots_(slots) {}

    asmjit::Error assemble() {
        asmjit::FuncNode* function =
            cc_.addFunc(asmjit::FuncSignatureT<int, const void*, void*, std::uint64_t, void*, void*>());
        if (table_.isa != Isa::baseline) function->frame().setAvxEnabled();
        if (bytes_ == 64) function->frame().setAvx512Enabled();
        if (bytes_ > 16) function->frame().setAvxCleanup();
        std::size_t argument = 0;
        for (x86::Gp* r : {&arrays_, &kept_, &kept_stride_, &rows_, &terms_}) {
            *r = cc_.newIntPtr();
            function->setArg(argument++, *r);
        }
        fail_ = cc_.newLabel();
        for (const LineStep* i = line_.steps; i->op != LineOp::end; i += calls_of(i->op)) step(*i);
        const x86::Gp result = cc_.newInt32();
        cc_.mov(result, 1);
        cc_.ret(result);
        cc_.bind(fail_);
        const x86::Gp failed = cc_.newInt32();
        cc_.xor_(failed, failed);
        cc_.ret(failed);
        cc_.endFunc();
        return cc_.finalize();
    }

private:
    using N = Names<T>;
    using Forms = typename N::Forms;

    x86::Vec fresh() {
        if (lanes_ == 1) return N::wide ? cc_.newXmmSd() : cc_.newXmmSs();
        if (bytes_ == 16) return cc_.newXmm();
        if (bytes_ == 32) return cc_.newYmm();
        return cc_.newZmm();
    }
    x86::Mem constant(T value) {
        std::array<T, 64 / sizeof(T)> lanes;
        lanes.fill(value);
        return cc_.newConst(asmjit::ConstPoolScope::kLocal, lanes.data(), bytes_);
    }
    x86::Mem at(const x86::Gp& base, std::size_t offset) {
        return x86::Mem(base, static_cast<std::int32_t>(offset), static_cast<std::uint32_t>(bytes_));
    }
    /// The element of every sample in the array that arrays_ names; of lanes, each row's place in the block at rows_.
    x86::Mem element(std::size_t array, std::size_t i) {
        const auto [known, first] = bases_.try_emplace(array);
        if (first) {
            known->second = cc_.newIntPtr();
            cc_.mov(known->second, x86::ptr(arrays_, static_cast<std::int32_t>(array * sizeof(void*))));
        }
        return x86::Mem(known->second, static_cast<std::int32_t>(i * sizeof(T)), sizeof(T));
    }
    x86::Mem row(std::size_t array, std::size_t i) { return lanes_ == 1 ? element(array, i) : at(rows_, bytes_ * row_count_++); }
    x86::Mem kept(std::size_t i) {
        if (lanes_ == 1) return at(kept_, i * sizeof(T));
        const x86::Gp offset = cc_.newIntPtr();
        cc_.imul(offset, kept_stride_, asmjit::Imm(i));
        return x86::Mem(kept_, offset, 0, 0, static_cast<std::uint32_t>(bytes_));
    }
    [[nodiscard]] bool is_constant(std::size_t slot) const { return slot < line_.constant_count; }
    /// A slot to write to.
    x86::Vec& place(std::size_t slot) {
        if (!slots_[slot].isValid()) slots_[slot] = fresh();
        return slots_[slot];
    }
    x86::Vec loaded(T value) {
        const x86::Vec r = fresh();
        cc_.emit(N::move[form_], r, constant(value));
        return r;
    }
    x86::Vec value(std::size_t slot) { return is_constant(slot) ? loaded(line_.constants[slot]) : place(slot); }
    asmjit::Operand value_or_memory(std::size_t slot) {
        if (is_constant(slot)) return constant(line_.constants[slot]);
        return place(slot);
    }
    /// d = a ∘ b
    void emit(const Forms& name, const x86::Vec& d, const x86::Vec& a, const asmjit::Operand& b) {
        if (form_ % 2 == 0) {
            cc_.emit(name[form_], d, a, b);
            return;
        }
        const x86::Vec r = fresh();
        cc_.emit(N::copy[form_], r, a);
        cc_.emit(name[form_], r, b);
        cc_.emit(N::copy[form_], d, r);
    }
    /// All ones where a ∘ b.
    x86::Vec compare(const x86::Vec& a, const x86::Vec& b, int predicate) {
        const x86::Vec r = fresh();
        if (form_ % 2 == 0) {
            cc_.emit(N::compare[form_], r, a, b, asmjit::Imm(predicate));
        } else {
            cc_.emit(N::copy[form_], r, a);
            cc_.emit(N::compare[form_], r, b, asmjit::Imm(predicate));
        }
        return r;
    }
    /// The same of the widest registers: a bit a lane.
    x86::KReg compare_wide(const x86::Vec& a, const x86::Vec& b, int predicate) {
        const x86::KReg r = cc_.newKw();
        cc_.emit(N::compare[form_], r, a, b, asmjit::Imm(predicate));
        return r;
    }

    void step(const LineStep& i) {
        switch (i.op) {
            case LineOp::add:
                return emit(N::add, place(i.d), value(i.a), value_or_memory(i.b));
            case LineOp::sub:
                return emit(N::sub, place(i.d), value(i.a), value_or_memory(i.b));
            case LineOp::mul:
                return emit(N::mul, place(i.d), value(i.a), value_or_memory(i.b));
            case LineOp::div:
                return emit(N::div, place(i.d), value(i.a), value_or_memory(i.b));
            case LineOp::negate:
                return emit(N::differ, place(i.d), value(i.a), loaded(T(-0.0)));
            case LineOp::relu:
                return emit(N::max, place(i.d), loaded(T(0)), value(i.a));  // the second where neither is larger
            case LineOp::relu_slope:
                return relu_slope(i);
            case LineOp::sqrt:
                return root(i);
            case LineOp::guard:
                return guard(i);
            case LineOp::load_row:
                return move(place(i.d), row(i.a, i.b));
            case LineOp::load_shared:
                return broadcast(place(i.d), element(i.a, i.b));
            case LineOp::load_kept:
                return move(place(i.d), kept(i.a));
            case LineOp::store_row:
                return move(row(i.d, i.b), value(i.a));
            case LineOp::store_kept:
                return move(kept(i.d), value(i.a));
            case LineOp::accumulate:
                return accumulate(i);
            default:
                return function(&i);
        }
    }
    void move(const asmjit::Operand& to, const asmjit::Operand& from) { cc_.emit(N::move[form_], to, from); }
    void broadcast(const x86::Vec& to, const x86::Mem& from) {
        if (lanes_ == 1) return move(to, from);
        if (form_ == 2 && (bytes_ > 16 || !N::wide)) {
            cc_.emit(N::broadcast, to, from);
            return;
        }
        cc_.emit(N::wide ? X::kIdMovsd : X::kIdMovss, to, from);
        if (N::wide) cc_.emit(X::kIdUnpcklpd, to, to);
        else cc_.emit(X::kIdShufps, to, to, asmjit::Imm(0));
    }
    void root(const LineStep& i) {
        const x86::Vec a = value(i.a);
        if (form_ == 0) cc_.emit(N::sqrt[0], place(i.d), a, a);
        else cc_.emit(N::sqrt[form_], place(i.d), a);
    }
    void relu_slope(const LineStep& i) {
        if (bytes_ < 64) return emit(N::both, place(i.d), compare(loaded(T(0)), value(i.a), 1), loaded(T(1)));
        const x86::Vec one = loaded(T(1)), d = place(i.d);
        const x86::KReg positive = compare_wide(loaded(T(0)), value(i.a), 1);
        cc_.k(positive).z();  // of the next instruction
        cc_.emit(N::wide ? X::kIdVmovapd : X::kIdVmovaps, d, one);
    }
    void accumulate(const LineStep& i) {
        if (lanes_ > 1) return move(at(terms_, bytes_ * term_count_++), value(i.a));
        const x86::Vec sum = fresh();
        const x86::Mem target = element(i.d, i.b);
        move(sum, target);
        emit(N::add, sum, sum, value_or_memory(i.a));
        move(target, sum);
    }
    /// Comparison::equal, less and less_equal are the processor's predicates 0, 1 and 2.
    void guard(const LineStep& i) {
        const x86::Gp bits = cc_.newInt32();
        if (bytes_ == 64) cc_.kmovw(bits, compare_wide(value(i.a), value(i.b), i.d / 2));
        else cc_.emit(N::mask[form_], bits, compare(value(i.a), value(i.b), i.d / 2));
        const int all = (1 << lanes_) - 1;
        cc_.and_(bits, all);
        cc_.cmp(bits, i.d % 2 != 0 ? all : 0);
        cc_.jne(fail_);
    }
    x86::Mem part(std::size_t array, std::size_t k) {
        x86::Mem m = memory_[array];
        m.addOffset(static_cast<std::int64_t>(k * bytes_));
        return m;
    }
    /// Calls through the kernels of whole arrays, by way of the stack.
    void function(const LineStep* steps) {
        const std::size_t count = calls_of(steps->op);
        const LineOp op = first_of(steps->op), family = family_of(op);
        if (!memory_[0].hasBase())
            for (x86::Mem& m : memory_) {
                m = cc_.newStack(static_cast<std::uint32_t>(most_calls * bytes_), static_cast<std::uint32_t>(bytes_));
                m.setSize(static_cast<std::uint32_t>(bytes_));
            }
        for (std::size_t k = 0; k < count; ++k) move(part(0, k), value(steps[k].a));
        std::array<x86::Gp, 3> addresses;
        for (std::size_t k = 0; k < 3; ++k) {
            addresses[k] = cc_.newIntPtr();
            cc_.lea(addresses[k], memory_[k]);
        }
        asmjit::InvokeNode* call = nullptr;
        if (family == LineOp::value)
            cc_.invoke(&call, reinterpret_cast<std::uint64_t>(table_.apply),
                       asmjit::FuncSignatureT<void, std::uint32_t, std::uint64_t, void*, void*>());
        else
            cc_.invoke(&call, reinterpret_cast<std::uint64_t>(table_.apply_with_slope),
                       asmjit::FuncSignatureT<void, std::uint32_t, std::uint64_t, void*, void*, void*>());
        call->setArg(0, asmjit::Imm(static_cast<std::uint32_t>(function_of(op))));
        call->setArg(1, asmjit::Imm(count * lanes_));
        for (std::size_t k = 0; k < (family == LineOp::value ? 2u : 3u); ++k) call->setArg(2 + k, addresses[k]);
        for (std::size_t k = 0; k < count; ++k) {
            if (family != LineOp::slope) move(place(steps[k].d), part(1, k));
            if (family != LineOp::value) move(place(family == LineOp::slope ? steps[k].d : steps[k].b), part(2, k));
        }
    }

    x86::Compiler cc_;
    const LineView<T>& line_;
    const simd::Table<T>& table_;
    std::size_t lanes_, bytes_;  // samples at a time, and the size of as many values
    std::size_t form_;           // + 1: two operands, + 2: whole registers
    std::size_t row_count_ = 0, term_count_ = 0;
    std::vector<x86::Vec> slots_;
    std::unordered_map<std::size_t, x86::Gp> bases_;
    std::array<x86::Mem, 3> memory_;  // a function's argument, value and slope
    x86::Gp arrays_, kept_, kept_stride_, rows_, terms_;
    asmjit::Label fail_;
};

}  // namespace

template <simd::Vectorised T>
std::optional<MachineCode> make_machine_code(const LineView<T>& line, std::size_t slots, const simd::Table<T>& table, std::size_t lanes) {
    asmjit::JitAllocator::CreateParams options;
    options.options = asmjit::JitAllocatorOptions::kUseDualMapping;
    auto runtime = std::make_shared<asmjit::JitRuntime>(&options);
    asmjit::CodeHolder code;
    MachineCode::Entry entry = nullptr;
    if (code.init(runtime->environment()) != asmjit::kErrorOk) return std::nullopt;
    if (Assembler<T>(code, line, slots, table, lanes).assemble() != asmjit::kErrorOk) return std::nullopt;
    if (runtime->add(&entry, &code) != asmjit::kErrorOk) return std::nullopt;
    return MachineCode(std::move(runtime), entry);
}

template std::optional<MachineCode> make_machine_code(const LineView<float>&, std::size_t, const simd::Table<float>&, std::size_t);
template std::optional<MachineCode> make_machine_code(const LineView<double>&, std::size_t, const simd::Table<double>&, std::size_t);

}  // namespace costate::kernels
